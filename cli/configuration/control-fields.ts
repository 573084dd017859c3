// The settings of `wayward control`.
import type { Field } from './field.ts'
import { textType } from './field-types.ts'
import { apiFields, tableOrJsonField } from './fields.ts'

const clientField: Field<string> & { readonly default: string } = {
  flag: 'client',
  type: { ...textType, placeholder: 'pattern' },
  default: '*',
  isFlagOnly: true,
  text: 'Clients whose names (loggers, services) are like this; * and ? as in names of files',
}

/** What `control list` has. */
export const controlListFields = {
  ...apiFields,
  client: clientField,
  format: tableOrJsonField,
} satisfies Record<string, Field<unknown>>

/** What `control set` and `control unset` have. */
export const controlSetFields = {
  ...apiFields,
  client: clientField,
  name: {
    flag: 'name',
    type: { ...textType, placeholder: 'pattern' },
    default: '*',
    isFlagOnly: true,
    text: 'Counters, gauges, timers, locks, queues or zones whose names are like this, in the same way',
  },
} satisfies Record<string, Field<unknown>>
