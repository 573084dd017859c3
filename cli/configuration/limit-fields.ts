// Settings that come from declared limits: `requestBytesMax` is set by `--request-bytes-max 32MiB`,
// `requestTimeoutMs` by `--request-timeout 30s`.
import type { Limit, LimitValues } from '@wayward/base'
import { type Field, FieldError, type FieldType } from './field.ts'
import { bytesType, durationType, integerType } from './field-types.ts'

type Limits = Readonly<Record<string, Limit>>

/** Those of the limits that users may set. */
type SettableNames<All extends Limits> = {
  [Name in keyof All]: All[Name] extends { readonly setting: unknown } ? Name : never
}[keyof All]

/** A number with a default. */
type LimitField = Field<number> & { readonly default: string }

/** The fields of all limits that users may set. */
export function toLimitFields<const All extends Limits>(
  limits: All,
): { readonly [Name in SettableNames<All>]: LimitField } {
  const entries = Object.entries(limits).flatMap(([name, limit]) => {
    const { setting } = limit
    return setting === undefined ? [] : [[name, toField(name, limit, setting)]]
  })
  // One entry for each of the names.
  return Object.fromEntries(entries) as { [Name in SettableNames<All>]: LimitField }
}

/** The limits with what the settings of the same names say. */
export function withSettings<All extends Limits>(
  limits: All,
  values: Readonly<Record<string, unknown>>,
): LimitValues<All> {
  const entries = Object.entries(limits).map(([name, limit]) => {
    const set = limit.setting === undefined ? undefined : values[name]
    return [name, typeof set === 'number' ? set : limit.default]
  })
  // One entry for each limit.
  return Object.fromEntries(entries) as LimitValues<All>
}

/** `requestBytesMax` → `request-bytes-max`, `requestTimeoutMs` → `request-timeout`. */
export function flagOf(name: string): string {
  return name
    .replaceAll(/Ms(?=Max$|$)/g, '')
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** A limit's value as a person would write it. */
export function limitText(value: number, unit: Limit['unit']): string {
  const [step, name] = biggestUnit(value, unitSizes[unit])
  return `${value / step}${name}`
}

const unitSizes: Readonly<Record<Limit['unit'], readonly (readonly [number, string])[]>> = {
  bytes: [
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ],
  ms: [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
    [1, 'ms'],
  ],
  s: [
    [60, 'm'],
    [1, 's'],
  ],
  count: [],
  percent: [],
}

function biggestUnit(
  value: number,
  units: readonly (readonly [number, string])[],
): readonly [number, string] {
  return units.find(([step]) => value > 0 && value % step === 0) ?? [1, '']
}

function toField(
  name: string,
  { default: value, unit, text }: Limit,
  { min, max }: { readonly min: number; readonly max: number },
): LimitField {
  return {
    flag: flagOf(name),
    type: typeOf(unit, min, max),
    default: limitText(value, unit),
    text,
  }
}

function typeOf(unit: Limit['unit'], min: number, max: number): FieldType<number> {
  if (unit === 'count' || unit === 'percent') return integerType('number', min, max)
  const minText = limitText(min, unit)
  const maxText = limitText(max, unit)
  const type = unit === 'bytes' ? bytesType(min, minText) : durationType
  return {
    ...type,
    wanted: `${unit === 'bytes' ? 'a size' : 'a duration'} from ${minText} to ${maxText}`,
    parse(text, base) {
      const value = type.parse(text, base)
      if (value < min) throw new FieldError(`less than ${minText}`)
      if (value > max) throw new FieldError(`more than ${maxText}`)
      return value
    },
  }
}
