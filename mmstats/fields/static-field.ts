// Values that are written once for each file.
import { Cell } from '../file/cell.ts'
import type { RecordSpec } from '../format/record.ts'
import { type FieldPlan, type FieldSettings, planOf } from './field.ts'

/** A value that does not change. A function is asked once for each file, in the file's thread. */
export interface StaticSettings<T> extends FieldSettings {
  readonly value: T | (() => T)
}

/** A value that was written when the file was made. */
export interface StaticField {
  readonly [planOf]: FieldPlan
}

const staticTextBytes = 256
const encoder = new TextEncoder()

type Store<T> = (view: DataView, at: number, value: T) => void

function staticField<T>(
  { label, value }: StaticSettings<T>,
  kind: Pick<RecordSpec, 'type' | 'dataType'> & { readonly bytes: number },
  store: Store<T>,
): StaticField {
  if (value === undefined || value === null) {
    throw new TypeError(
      'Cannot make a static field without a value; wanted value: a constant or a function',
    )
  }
  const cell = new Cell(kind.bytes, false)
  const prepare = (): void => {
    const got = typeof value === 'function' ? (value as () => T)() : value
    store(cell.view, cell.next(), got)
  }
  const { type, dataType } = kind
  const spec: RecordSpec = { type, dataType, isBuffered: false, metric: 'info' }
  return { [planOf]: { label, spec, cell, prepare } }
}

/** A whole number of 32 bits, from 0. */
export function staticUint(settings: StaticSettings<number>): StaticField {
  return staticField(settings, { type: 'I', dataType: 'staticUint', bytes: 4 }, (view, at, value) =>
    view.setUint32(at, value, true),
  )
}

/** A whole number of 64 bits with a sign. */
export function staticInt64(settings: StaticSettings<number | bigint>): StaticField {
  return staticField(
    settings,
    { type: 'q', dataType: 'staticInt64', bytes: 8 },
    (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  )
}

/** A whole number of 64 bits, from 0. */
export function staticUint64(settings: StaticSettings<number | bigint>): StaticField {
  return staticField(
    settings,
    { type: 'Q', dataType: 'staticUint64', bytes: 8 },
    (view, at, value) => view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true),
  )
}

/** A number of 32 bits with a fraction. */
export function staticFloat(settings: StaticSettings<number>): StaticField {
  return staticField(
    settings,
    { type: 'f', dataType: 'staticFloat', bytes: 4 },
    (view, at, value) => view.setFloat32(at, value, true),
  )
}

/** A number of 64 bits with a fraction. */
export function staticDouble(settings: StaticSettings<number>): StaticField {
  return staticField(
    settings,
    { type: 'd', dataType: 'staticDouble', bytes: 8 },
    (view, at, value) => view.setFloat64(at, value, true),
  )
}

/** A text of at most 256 bytes. @throws RangeError where it is longer */
export function staticText(settings: StaticSettings<string>): StaticField {
  const kind = {
    type: `${staticTextBytes}s`,
    dataType: 'staticText',
    bytes: staticTextBytes,
  } as const
  return staticField(settings, kind, (view, at, value) => {
    const bytes = encoder.encode(value)
    if (bytes.byteLength > staticTextBytes) {
      throw new RangeError(
        `Cannot keep a static text of ${bytes.byteLength} bytes; wanted at most ${staticTextBytes}`,
      )
    }
    new Uint8Array(view.buffer, view.byteOffset + at, staticTextBytes).fill(0).set(bytes)
  })
}
