// What is set of the router, and what is wrong with it: checked before anything starts.
import { checkJson, type JsonSchema } from '../receivers/jobs/json-schema.ts'

/** A rule as it stands in the file. */
export interface RuleSettings {
  readonly name?: string
  /** Only these signals are looked at. @default all */
  readonly signals?: readonly ('span' | 'log' | 'metric')[]
  /** An expression; without one everything meets the rule. */
  readonly when?: string
  /** Names of endpoints. */
  readonly to?: readonly string[]
  readonly drop?: boolean
  /** Whether the rules below see the item, too. */
  readonly continue?: boolean
  /** Of what meets the rule, the share that goes to its endpoints. @default 1 */
  readonly sample?: number
  /** Attributes to add. */
  readonly tag?: Readonly<Record<string, string>>
}

/** An endpoint as it stands in the file; what it needs depends on its type. */
export interface EndpointSettings {
  readonly type: string
  readonly [key: string]: unknown
}

/** The router as it stands in the file. */
export interface RouterSettings {
  readonly endpoints?: Readonly<Record<string, EndpointSettings>>
  readonly rules: readonly RuleSettings[]
}

/** The router cannot be made as it is set; `path` leads to the place in the file. */
export class RouterError extends Error {
  readonly path: readonly (string | number)[]

  constructor(message: string, path: readonly (string | number)[] = [], options?: ErrorOptions) {
    super(message, options)
    this.name = 'RouterError'
    this.path = path
  }
}

const name = { type: 'string', minLength: 1, maxLength: 100 } as const
const routerSchema = {
  type: 'object',
  required: ['rules'],
  properties: {
    endpoints: {
      type: 'object',
      additionalProperties: { type: 'object', properties: {}, additionalProperties: true },
      maxProperties: 100,
    },
    rules: {
      type: 'array',
      maxItems: 1_000,
      items: {
        type: 'object',
        required: [],
        properties: {
          name,
          signals: {
            type: 'array',
            items: { type: 'string', enum: ['span', 'log', 'metric'] },
            maxItems: 3,
          },
          when: { type: 'string', minLength: 1, maxLength: 4_096 },
          to: { type: 'array', items: name, maxItems: 50 },
          drop: { type: 'boolean' },
          continue: { type: 'boolean' },
          sample: { type: 'number', minimum: 0, maximum: 1 },
          tag: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 50 },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
} as const satisfies JsonSchema

/** Checks the form of what stands in the file. @throws RouterError */
export function checkRouterForm(value: unknown): RouterSettings {
  const [problem] = checkJson(routerSchema, value)
  if (problem !== undefined) {
    const { field, seen, wanted } = problem
    throw new RouterError(`"${field}" is ${seen}; wanted is ${wanted}`, toPath(field))
  }
  return value as RouterSettings
}

/** `rules[2].when` or `rules.2.when` as the steps that lead there. */
function toPath(field: string): (string | number)[] {
  const parts = field.split(/[.[\]]+/).filter((part) => part !== '')
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

/** Reads what is set of an endpoint; each says what is wrong in the same words. */
export class SettingReader {
  readonly #settings: Readonly<Record<string, unknown>>
  readonly #path: readonly string[]
  readonly #read = new Set<string>()

  constructor(path: readonly string[], settings: Readonly<Record<string, unknown>>) {
    this.#settings = settings
    this.#path = path
  }

  text(key: string): string
  text<Default extends string | undefined>(key: string, byDefault: Default): string | Default
  text(key: string, ...byDefault: readonly (string | undefined)[]): string | undefined {
    const value = this.#value(key)
    if (value === undefined && byDefault.length > 0) return byDefault[0]
    return typeof value === 'string' && value !== '' ? value : this.#refuse(key, value, 'a text')
  }

  choice<Choice extends string>(
    key: string,
    choices: readonly Choice[],
    byDefault?: Choice,
  ): Choice {
    const value = this.#value(key) ?? byDefault
    const found = choices.find((one) => one === value)
    return found ?? this.#refuse(key, value, `one of ${choices.join(', ')}`)
  }

  number(key: string, byDefault: number, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#value(key) ?? byDefault
    const isGood = typeof value === 'number' && value >= min && value <= max
    return isGood ? value : this.#refuse(key, value, `a number from ${min} to ${max}`)
  }

  flag(key: string, byDefault: boolean): boolean {
    const value = this.#value(key) ?? byDefault
    return typeof value === 'boolean' ? value : this.#refuse(key, value, 'true or false')
  }

  texts(key: string): Readonly<Record<string, string>> {
    const value = this.#value(key) ?? {}
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    const isGood = isObject && Object.values(value).every((one) => typeof one === 'string')
    return isGood ? (value as Record<string, string>) : this.#refuse(key, value, 'texts by name')
  }

  /** `host:port`. */
  address(key: string, byDefault?: string): { readonly host: string; readonly port: number } {
    const value = this.#value(key) ?? byDefault
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(
      typeof value === 'string' ? value : '',
    )
    const port = Number(match?.[3])
    if (match === null || port < 1 || port > 65_535) {
      this.#refuse(key, value, 'host:port, such as 127.0.0.1:8125')
    }
    return { host: match[1] ?? match[2] ?? '', port }
  }

  /** An address of the web. */
  url(key: string, byDefault?: string): URL {
    const value = this.#value(key) ?? byDefault
    const isHttp = typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)
    return isHttp ? new URL(value) : this.#refuse(key, value, 'an http or https address')
  }

  /** Settings within settings. */
  section(key: string): SettingReader {
    const value = this.#value(key) ?? {}
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isObject) this.#refuse(key, value, 'settings by name')
    return new SettingReader([...this.#path, key], value as Readonly<Record<string, unknown>>)
  }

  /** @throws RouterError where something stands there that nobody reads */
  end(): void {
    const unknown = Object.keys(this.#settings).find((key) => !this.#read.has(key))
    if (unknown === undefined) return
    const known = [...this.#read].join(', ')
    throw new RouterError(`"${unknown}" is not known, wanted ${known}`, [...this.#path, unknown])
  }

  refuse(key: string, why: string): never {
    throw new RouterError(`"${key}" ${why}`, [...this.#path, key])
  }

  #value(key: string): unknown {
    this.#read.add(key)
    return this.#settings[key]
  }

  #refuse(key: string, value: unknown, wanted: string): never {
    const seen = value === undefined ? 'missing' : JSON.stringify(value)
    throw new RouterError(`"${key}" is ${seen}; wanted is ${wanted}`, [...this.#path, key])
  }
}
