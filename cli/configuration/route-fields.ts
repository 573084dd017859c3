// The settings of `wayward route`.
import type { Field } from './field.ts'
import { apiFields, serveFields, tableOrJsonField } from './fields.ts'

/** What `route test` has. */
export const routeTestFields = {
  router: serveFields.router,
  format: tableOrJsonField,
} satisfies Record<string, Field<unknown>>

/** What `route stats` has. */
export const routeStatsFields = {
  ...apiFields,
  format: tableOrJsonField,
} satisfies Record<string, Field<unknown>>
