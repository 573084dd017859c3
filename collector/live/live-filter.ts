// What somebody who watches wants to see: plain values, and an expression.
import type { LookUpContext } from '../expression/compiled.ts'
import { createExpressionCompiler, ExpressionError } from '../expression/expression.ts'
import type { LiveBlock, LiveSignal } from './live-item.ts'

/** What is shown. What is not given lets everything through. */
export interface LiveSelection {
  readonly service?: string
  /** One of these. */
  readonly sessions?: readonly string[]
  /** A signal (`span`, `log`, `metric`) or a `wayward.kind`. */
  readonly kind?: string
  /** An expression that is true of what is shown. */
  readonly where?: string
}

/** An expression that cannot be understood; the message says where. */
export class FilterError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FilterError'
  }
}

/** Says whether the row that a block stands on is shown. Never throws. */
export type LiveFilter = (block: LiveBlock) => boolean

const signals: readonly string[] = ['span', 'log', 'metric'] satisfies readonly LiveSignal[]

/** @throws FilterError with line and column */
export function createFilter({ kind, service, sessions, where }: LiveSelection): LiveFilter {
  const isSignal = kind !== undefined && signals.includes(kind)
  const chosen = sessions === undefined ? undefined : new Set(sessions)
  const isTrue = where === undefined ? undefined : compile(where)
  return (block) =>
    (!isSignal || block.signal === kind) &&
    (service === undefined || block.service === service) &&
    (kind === undefined || isSignal || block.kind === kind) &&
    (chosen === undefined || chosen.has(block.session)) &&
    (isTrue === undefined || isTrue(block))
}

const fields = {
  signal: 'string',
  kind: 'string',
  service: 'string',
  session: 'string',
  name: 'string',
  durationMs: 'double',
  status: 'string',
  severity: 'double',
  body: 'string',
  value: 'double',
  traceId: 'string',
  spanId: 'string',
} as const
const maps = ['attributes', 'resource'] as const

const compiler = createExpressionCompiler({ fields, maps, hasPatterns: false })

function compile(text: string): LiveFilter {
  const { isTrue, keys } = understand(text)
  const context = new Context(keys['attributes'] ?? [], keys['resource'] ?? [])
  return (block) => {
    context.block = block
    return isTrue(context)
  }
}

function understand(text: string): ReturnType<typeof compiler.compile> {
  try {
    return compiler.compile(text)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw new FilterError(error.message)
  }
}

/** The row as the expression sees it. */
class Context implements LookUpContext {
  block: LiveBlock | undefined
  readonly #attributeKeys: readonly string[]
  readonly #resourceKeys: readonly string[]

  constructor(attributeKeys: readonly string[], resourceKeys: readonly string[]) {
    this.#attributeKeys = attributeKeys
    this.#resourceKeys = resourceKeys
  }

  get signal(): string {
    return this.block?.signal ?? ''
  }

  get kind(): string {
    return this.block?.kind ?? ''
  }

  get service(): string {
    return this.block?.service ?? ''
  }

  get session(): string {
    return this.block?.session ?? ''
  }

  get name(): string {
    return this.block?.name ?? ''
  }

  get durationMs(): number {
    return (this.block?.durationNs ?? 0) / 1e6
  }

  get status(): string {
    return this.block?.status ?? ''
  }

  get severity(): number {
    return this.block?.severity ?? 0
  }

  get body(): string {
    return this.block?.body ?? ''
  }

  get value(): number {
    return this.block?.value ?? 0
  }

  get traceId(): string {
    return this.block?.traceId ?? ''
  }

  get spanId(): string {
    return this.block?.spanId ?? ''
  }

  /** An attribute, for expressions that were compiled. */
  lookUp(map: string, key: string): string {
    const { block } = this
    if (block === undefined) return ''
    return map === 'attributes' ? block.attribute(key) : block.resourceAttribute(key)
  }

  /** The attributes that the expression names; those that are not there are empty. */
  get attributes(): Record<string, string> {
    return this.#named(this.#attributeKeys, (key) => this.block?.attribute(key) ?? '')
  }

  get resource(): Record<string, string> {
    return this.#named(this.#resourceKeys, (key) => this.block?.resourceAttribute(key) ?? '')
  }

  #named(keys: readonly string[], read: (key: string) => string): Record<string, string> {
    return Object.fromEntries(keys.map((key) => [key, read(key)]))
  }
}
