import { isIP } from 'node:net'
import {
  durationWanted,
  isLoopbackHost,
  parseDurationMs,
  parseTimeNs,
  TimeTextError,
  timeWanted,
} from '@wayward/base'
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

/** An address of OTLP/HTTP. */
export const otlpUrlType: FieldType<URL> = {
  ...urlType,
  wanted: 'an OTLP/HTTP address, such as http://127.0.0.1:4318',
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

/** Texts, each with a flag of its own. */
export const textsType: FieldType<readonly string[]> = {
  placeholder: 'text',
  isRepeated: true,
  wanted: 'a text',
  parse: (text) => text.split('\n').filter((one) => one !== ''),
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

/** A duration such as 90s, 15m, 1h30m; the value is in milliseconds. */
export const durationType: FieldType<number> = {
  placeholder: 'duration',
  wanted: durationWanted,
  parse: (text) => fromText(() => parseDurationMs(text)),
}

/** A point in time: RFC 3339 or `now`, in nanoseconds since 1970. */
export const timeType: FieldType<bigint | 'now'> = {
  placeholder: 'time',
  wanted: timeWanted,
  parse: (text) => fromText(() => parseTimeNs(text)),
}

function fromText<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof TimeTextError ? new FieldError(error.message) : error
  }
}
