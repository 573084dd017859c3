// The settings of `wayward route`.
import type { Field } from './field.ts'
import { choiceType } from './field-types.ts'
import { apiFields, serveFields } from './fields.ts'

const formatField = {
  flag: 'format',
  type: choiceType(['table', 'json']),
  default: 'table',
  isFlagOnly: true,
  text: 'table for people, json for the whole answer',
} satisfies Field<unknown>

/** What `route test` has. */
export const routeTestFields = {
  router: serveFields.router,
  format: formatField,
} satisfies Record<string, Field<unknown>>

/** What `route stats` has. */
export const routeStatsFields = {
  ...apiFields,
  format: formatField,
} satisfies Record<string, Field<unknown>>
