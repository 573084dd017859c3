// The fields of `flight` and `import`.
import type { Field } from './field.ts'
import { integerType, otlpUrlType } from './field-types.ts'

/** What `flight` has. */
export const flightFields = {
  last: {
    flag: 'last',
    type: integerType('count', 0, 100_000),
    default: '20',
    isFlagOnly: true,
    text: 'How many of the operations that ended last are shown of each thread',
  },
} satisfies Record<string, Field<unknown>>

/** What `import` has. */
export const importFields = {
  endpoint: {
    flag: 'endpoint',
    type: otlpUrlType,
    default: 'http://127.0.0.1:4318',
    isFlagOnly: true,
    text: 'OTLP/HTTP address of the collector',
  },
} satisfies Record<string, Field<unknown>>
