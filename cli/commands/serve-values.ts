import type { serviceFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'

/** The settings of `wayward serve`, as they came out. */
export type ServeValues = Resolved<typeof serviceFields>
