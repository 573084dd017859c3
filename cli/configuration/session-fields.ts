// The settings of `wayward sessions` and what is below it.
import { type Field, FieldError, type FieldType } from './field.ts'
import { choiceType, otlpUrlType, pathType } from './field-types.ts'
import { apiFields, outputFields, selectionFields, storeFields } from './fields.ts'

const speedType: FieldType<number> = {
  placeholder: 'factor',
  wanted: 'a number above 0, such as 1 or 10, or max',
  parse(text) {
    if (text === 'max') return Number.POSITIVE_INFINITY
    const speed = Number(text)
    if (text.trim() === '' || !(speed > 0)) throw new FieldError('not a speed')
    return speed
  },
}

/** What the list of sessions has. */
export const sessionsFields = { ...selectionFields, ...outputFields, ...storeFields }

/** What `sessions show` has. */
export const sessionShowFields = { ...storeFields }

/** What `sessions compare` has. */
export const sessionCompareFields = { ...storeFields }

/** What `sessions delete` has. */
export const sessionDeleteFields = { ...storeFields, ...apiFields }

/** What `sessions export` has. */
export const sessionExportFields = {
  output: {
    flag: 'output',
    type: pathType,
    isFlagOnly: true,
    text: 'File of the archive; without it the standard output',
  },
  ...storeFields,
} satisfies Record<string, Field<unknown>>

/** What `sessions import` has. */
export const sessionImportFields = { ...apiFields }

/** What `sessions replay` has. */
export const sessionReplayFields = {
  endpoint: {
    flag: 'endpoint',
    type: otlpUrlType,
    isFlagOnly: true,
    text: 'OTLP/HTTP address to send to: any collector or backend (required)',
  },
  speed: {
    flag: 'speed',
    type: speedType,
    default: '1',
    isFlagOnly: true,
    text: 'How fast: 1 as it was, 10 ten times faster, max as fast as it is taken',
  },
  times: {
    flag: 'times',
    type: choiceType(['now', 'kept']),
    default: 'now',
    isFlagOnly: true,
    text: 'Whether times are moved so that the session begins now, or kept',
  },
} satisfies Record<string, Field<unknown>>
