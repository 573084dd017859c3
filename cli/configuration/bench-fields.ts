// The settings of `wayward bench`.
import type { Field } from './field.ts'
import { addressType, durationType, integerType } from './field-types.ts'

/** What `bench metlog` has. */
export const benchMetlogFields = {
  address: {
    flag: 'address',
    type: addressType,
    default: '127.0.0.1:5565',
    isFlagOnly: true,
    text: 'Where the receiver is, a collector or any router of Metlog',
  },
  rate: {
    flag: 'rate',
    type: integerType('count', 1, 10_000_000),
    default: '100000',
    isFlagOnly: true,
    text: 'Datagrams per second, as far as this machine can',
  },
  duration: {
    flag: 'for',
    type: durationType,
    default: '10s',
    isFlagOnly: true,
    text: 'How long',
  },
  bytes: {
    flag: 'bytes',
    type: integerType('count', 1, 65_507),
    default: '250',
    isFlagOnly: true,
    text: 'Bytes of a datagram, as far as a message is that short',
  },
} satisfies Record<string, Field<unknown>>
