// What a model is made of: single values, and groups of them.
import type { RecordSpec } from '../format/record.ts'
import type { Cell } from '../file/cell.ts'

/** What every kind of field can be given. */
export interface FieldSettings {
  /** Its name in the file, after the prefix. @default the name of the property */
  readonly label?: string
}

/** What a field tells the model about itself. */
export interface FieldPlan {
  readonly label: string | undefined
  readonly spec: RecordSpec
  readonly cell: Cell
  /** Sets the value of a static field: called once for each file. */
  readonly prepare?: () => void
}

/** The key under which an object keeps the plan of its single value. */
export const planOf = Symbol('mmstats.plan')

/** The key under which an object keeps the fields that it is made of. */
export const partsOf = Symbol('mmstats.parts')

/** One value in the file. */
export interface Field {
  readonly [planOf]: FieldPlan
}

/** Several values in the file, each with a name after the name of the whole. */
export interface FieldGroup {
  readonly [partsOf]: FieldParts
}

export interface FieldParts {
  readonly label: string | undefined
  readonly fields: Readonly<Record<string, Field>>
}

export function isField(value: unknown): value is Field {
  return typeof value === 'object' && value !== null && planOf in value
}

export function isFieldGroup(value: unknown): value is FieldGroup {
  return typeof value === 'object' && value !== null && partsOf in value
}
