// The fields of a model with their labels.
import { type Field, isField, isFieldGroup, partsOf, planOf } from './fields/field.ts'
import { StatsFileError } from './stats-file-error.ts'

/** A field and what it is called in the file. */
export interface LabeledField {
  readonly label: string
  readonly field: Field
}

/** What a model may hold: fields, groups of fields, and objects with more of them. */
export interface ModelFields {
  readonly [name: string]: unknown
}

/**
 * Finds the fields of a model. An object inside it is a group: its fields are called after it,
 * `<group>.<field>`.
 */
export function labelFields(model: object, prefix = ''): LabeledField[] {
  return Object.entries(model).flatMap(([name, value]) => labelOne(name, value, prefix))
}

/** One member of a model, which may hold several fields. */
export function labelOne(name: string, value: unknown, prefix: string): LabeledField[] {
  if (isField(value)) return [{ label: `${prefix}${value[planOf].label || name}`, field: value }]
  if (isFieldGroup(value)) {
    const { label, fields } = value[partsOf]
    return labelFields(fields, `${prefix}${label || name}.`)
  }
  return isPlainObject(value) ? labelFields(value, `${prefix}${name}.`) : []
}

function isPlainObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}

/** @throws StatsFileError if two fields have the same label, of which readers would find one */
export function assertDistinct(fields: readonly LabeledField[]): void {
  const seen = new Set<string>()
  for (const { label } of fields) {
    if (seen.has(label)) throw nameCollision(label)
    seen.add(label)
  }
}

/** @throws StatsFileError if a field has a place in a file already, which it would leave */
export function assertUnused(fields: readonly LabeledField[]): void {
  const seen = new Set<Field>()
  for (const { label, field } of fields) {
    if (field[planOf].cell.isPlaced || seen.has(field)) {
      throw new StatsFileError(
        'name-collision',
        `Cannot use one field twice, again as "${label}"; wanted a field of its own for each label`,
      )
    }
    seen.add(field)
  }
}

export function nameCollision(label: string): StatsFileError {
  return new StatsFileError(
    'name-collision',
    `Cannot use the label "${label}" twice in a file; wanted another label for one of the fields`,
  )
}
