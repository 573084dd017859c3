// The receivers of small messages as settings, from their declarations: off without an address.
import { messageListeners, type MessageSetting } from '@wayward/collector/listeners'
import type { Field } from './field.ts'
import { type Address, addressType, choiceType, listType, pathType } from './field-types.ts'
import { flagOf } from './limit-fields.ts'

const addressFields = Object.fromEntries(
  Object.entries(messageListeners).map(([setting, { text, usualAddress }]) => [
    setting,
    {
      flag: flagOf(setting),
      type: addressType,
      text: `${text}, usually at ${usualAddress}; without it nothing listens`,
    },
  ]),
) as unknown as Readonly<Record<MessageSetting, Field<Address>>>

/** Everything that is set of these receivers. */
export const messageFields = {
  ...addressFields,
  metlogHttp: {
    flag: 'metlog-http',
    type: choiceType(['yes', 'no']),
    default: 'no',
    text: 'Whether Metlog messages are taken by POST /metlog at the listener of OTLP/HTTP',
  },
  metlogKeyFile: {
    flag: 'metlog-key-file',
    type: pathType,
    text: 'File of keys, a line "signer: key" (or "signer/version: key") for each; only Metlog messages that are signed with one of them are taken',
  },
  allowSenders: {
    flag: 'allow-senders',
    type: {
      ...listType,
      placeholder: 'networks',
      wanted: 'addresses and networks divided by commas',
    },
    text: 'Machines that may send Metlog over UDP, statsd and syslog, such as 10.1.0.0/16; needed for an address that others can reach. UDP proves no sender: use it in a network that you trust',
  },
} satisfies Record<string, Field<unknown>>
