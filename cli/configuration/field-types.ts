import { isIP } from 'node:net'
import { isLoopbackHost } from '@wayward/base'
import { resolve } from 'node:path'
import { FieldError, type FieldType } from './field.ts'

/** Where a server listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

export const pathType: FieldType<string> = {
  placeholder: 'path',
  wanted: 'a path',
  parse(text, base) {
    if (text.includes('\0')) throw new FieldError('a path cannot contain a zero byte')
    return resolve(base, text)
  },
}

export const textType: FieldType<string> = {
  placeholder: 'text',
  wanted: 'a text',
  parse: (text) => text,
}

/**
 * A `host:port`. That others may reach it only with TLS and a check of who sends is for the
 * collector to hold.
 */
export const addressType: FieldType<Address> = {
  placeholder: 'host:port',
  wanted: 'host:port, such as 127.0.0.1:4317, [::1]:4317, or port 0 for any free port',
  parse(text) {
    const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text)
    const host = match?.groups?.['v6'] ?? match?.groups?.['host'] ?? ''
    const port = Number(match?.groups?.['port'] ?? Number.NaN)
    if (match === null || host === '') throw new FieldError('not an address')
    if (port > 65_535) throw new FieldError(`port ${port} is above 65535`)
    return { host: host === 'localhost' ? '127.0.0.1' : host, port }
  },
}

/**
 * A `host:port` on this machine, for the SQL of the embedded engine, which asks nobody who he is.
 */
export const loopbackAddressType: FieldType<Address> = {
  ...addressType,
  parse(text, base) {
    const address = addressType.parse(text, base)
    if (isLoopbackHost(address.host)) return address
    throw new FieldError(
      `"${address.host}" can be reached from other machines, and the embedded engine lets everybody read who reaches it: it has no accounts and no TLS; use 127.0.0.1 and a proxy in front that has them, or keep the data in a ClickHouse server (--clickhouse-url)`,
    )
  },
}

export function formatAddress(address: Address): string {
  return isIP(address.host) === 6
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`
}

export const urlType: FieldType<URL> = {
  placeholder: 'url',
  wanted: 'a ClickHouse HTTP address, such as http://127.0.0.1:8123',
  parse(text) {
    if (!URL.canParse(text)) throw new FieldError('not a URL')
    const url = new URL(text)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new FieldError(`"${url.protocol}//" is not spoken here`)
    }
    return url
  },
}

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

/** A number of bytes with a unit; at least `min`. */
export function bytesType(min: number, minText: string): FieldType<number> {
  return {
    placeholder: 'size',
    wanted: `a size of at least ${minText}, such as 2GiB or 512MiB`,
    parse(text) {
      const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
      const unit = byteUnits[(match?.[2] ?? '').toLowerCase()]
      if (match === null || unit === undefined) throw new FieldError('not a size')
      const bytes = Math.round(Number(match[1]) * unit)
      if (!Number.isSafeInteger(bytes)) throw new FieldError('too large')
      if (bytes < min) throw new FieldError(`less than ${minText}`)
      return bytes
    },
  }
}

/** Texts that are divided by commas, or a list in the YAML file. */
export const listType: FieldType<readonly string[]> = {
  placeholder: 'list',
  isList: true,
  wanted: 'texts divided by commas',
  parse(text) {
    const items = text.split(',').map((item) => item.trim())
    if (items.includes('')) throw new FieldError('an item is empty')
    return items
  },
}

/** One of a few words. */
export function choiceType<const Choice extends string>(
  choices: readonly Choice[],
): FieldType<Choice> {
  return {
    placeholder: choices.join('|'),
    wanted: `one of ${choices.join(', ')}`,
    parse(text) {
      const found = choices.find((choice) => choice === text)
      if (found === undefined) throw new FieldError('not one of them')
      return found
    },
  }
}

/** A whole number within bounds. */
export function integerType(placeholder: string, min: number, max: number): FieldType<number> {
  return {
    placeholder,
    wanted: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      if (Number.isNaN(value)) throw new FieldError('not a whole number')
      if (value < min || value > max) throw new FieldError('out of bounds')
      return value
    },
  }
}

const durationUnitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86_400e3,
  w: 7 * 86_400e3,
}

/** A duration such as 90s, 15m, 1h30m; the value is in milliseconds. */
export const durationType: FieldType<number> = {
  placeholder: 'duration',
  wanted: 'a duration, such as 90s, 15m, 2h, 1h30m or 7d',
  parse(text) {
    if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/.test(text)) throw new FieldError('not a duration')
    let sum = 0
    for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
      sum += Number(count) * (durationUnitsMs[unit ?? ''] ?? 0)
    }
    if (sum <= 0 || sum > 100 * 365 * 86_400e3)
      throw new FieldError('not between 1ms and 100 years')
    return sum
  },
}

/** A point in time: RFC 3339 or `now`, in nanoseconds since 1970. */
export const timeType: FieldType<bigint | 'now'> = {
  placeholder: 'time',
  wanted:
    'a time as in RFC 3339, such as 2026-11-21T06:00:00Z or 2026-11-21T07:00:00+01:00, or now',
  parse(text) {
    if (text === 'now') return 'now'
    const match =
      /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(text)
    if (match === null) {
      const hasNoZone = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/.test(text)
      throw new FieldError(hasNoZone ? 'without seconds or a time zone (Z is UTC)' : 'not a time')
    }
    const [, day, time, fraction = '', zone = 'Z'] = match
    const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
    // 2026-02-30 would silently become the 2nd of March.
    const isInCalendar = new Date(`${day}T00:00:00Z`).toISOString().startsWith(day ?? '?')
    if (Number.isNaN(ms) || !isInCalendar) throw new FieldError('not in the calendar')
    return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
  },
}
