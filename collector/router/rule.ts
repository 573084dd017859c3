// Rules, in their order: a condition, and where what meets it goes. The first that is met decides;
// `continue` lets those below it see the item too.
import type { KeyValue } from '@wayward/otlp'
import {
  createExpressionCompiler,
  type Expression,
  ExpressionError,
} from '../expression/expression.ts'
import { ItemView, type RoutedItem, ruleFields, ruleMaps } from './routed-item.ts'
import { RouterError, type RuleSettings } from './router-settings.ts'

/** The name of the endpoint that is the store. */
export const storeName = 'clickhouse'

/** Where an item goes: the names of endpoints. */
export type Decision = ReadonlySet<string>

/** Decides where items go. */
export interface RuleBook {
  /** Decides, and adds the tags of the rules that are met. */
  decide(item: RoutedItem): Decision
  /** The rules that an item meets, for those who want to know. */
  explain(item: RoutedItem): readonly MetRule[]
  /** How often each rule was met since the start, by its name. */
  counts(): ReadonlyMap<string, number>
}

/** A rule that an item meets. */
export interface MetRule {
  readonly name: string
  readonly outcome: 'drop' | 'continue' | 'end'
  readonly to: readonly string[]
}

interface Rule {
  readonly name: string
  readonly settings: RuleSettings
  readonly tags: readonly KeyValue[]
  readonly isMet: (item: RoutedItem) => boolean
  /** Whether the rules below are asked, too: also where it only tags. */
  readonly goesOn: boolean
  count: number
}

const compiler = createExpressionCompiler({
  fields: ruleFields,
  maps: ruleMaps,
  hasPatterns: true,
})

/**
 * Makes the book.
 *
 * @param random draws for sampling, from 0 to 1
 * @throws RouterError with the place of the rule
 */
export function createRuleBook(
  settings: readonly RuleSettings[],
  random: () => number = Math.random,
): RuleBook {
  checkOrder(settings)
  return new Book(settings.map(toRule), random)
}

class Book implements RuleBook {
  readonly #rules: readonly Rule[]
  readonly #random: () => number
  /** Most items go the same ways: their sets are made once. */
  readonly #decisions = new Map<string, Decision>()
  readonly #store: Decision = new Set([storeName])

  constructor(rules: readonly Rule[], random: () => number) {
    this.#rules = rules
    this.#random = random
  }

  decide(item: RoutedItem): Decision {
    let way = ''
    for (const rule of this.#rules) {
      if (!rule.isMet(item)) continue
      rule.count++
      const { drop = false, sample, to = [] } = rule.settings
      if (rule.tags.length > 0) item.tags = [...item.tags, ...rule.tags]
      const isKept = !drop && (sample === undefined || this.#draw(item) < sample)
      if (isKept) for (const name of to) way += `${name}\n`
      if (!rule.goesOn) return this.#decision(way)
    }
    // What no rule has decided is stored, as without rules.
    return way === '' ? this.#store : this.#decision(`${way}${storeName}\n`)
  }

  explain(item: RoutedItem): readonly MetRule[] {
    const met: MetRule[] = []
    for (const { goesOn, isMet, name, settings, tags } of this.#rules) {
      if (!isMet(item)) continue
      item.tags = [...item.tags, ...tags]
      const outcome = settings.drop === true ? 'drop' : goesOn ? 'continue' : 'end'
      met.push({ name, outcome, to: settings.to ?? [] })
      if (!goesOn) return met
    }
    return [...met, { name: 'what no rule has decided', outcome: 'end', to: [storeName] }]
  }

  counts(): ReadonlyMap<string, number> {
    return new Map(this.#rules.map(({ count, name }) => [name, count]))
  }

  /** Items of one trace are kept or left out together. */
  #draw({ record, signal }: RoutedItem): number {
    const traceId = signal === 'metrics' ? undefined : record.traceId
    if (traceId?.byteLength !== 16) return this.#random()
    return Buffer.from(traceId).readUIntBE(10, 6) / 2 ** 48
  }

  #decision(way: string): Decision {
    const known = this.#decisions.get(way)
    if (known !== undefined) return known
    const made = new Set(way.split('\n').filter((name) => name !== ''))
    this.#decisions.set(way, made)
    return made
  }
}

/** Rules that do nothing, or that nothing reaches, are mistakes. */
function checkOrder(settings: readonly RuleSettings[]): void {
  const names = new Set<string>()
  for (const [index, rule] of settings.entries()) {
    const { continue: goesOn = false, drop = false, name = `rule ${index + 1}`, to, tag } = rule
    const path = ['rules', index]
    if (names.has(name)) throw new RouterError(`There are two rules "${name}", wanted one`, path)
    names.add(name)
    if (drop && (to !== undefined || goesOn)) {
      throw new RouterError(`Rule "${name}" has "drop" with "to" or "continue", wanted one`, path)
    }
    if (!drop && to === undefined && tag === undefined) {
      throw new RouterError(`Rule "${name}" does nothing, wanted "to", "drop" or "tag"`, path)
    }
    const isAll = rule.when === undefined && rule.signals === undefined
    const isEnd = drop || to !== undefined
    if (isAll && isEnd && !goesOn && index < settings.length - 1) {
      const cure = 'put it last, or add "continue: true"'
      throw new RouterError(
        `Rule "${name}" takes all, so nothing reaches those below; ${cure}`,
        path,
      )
    }
  }
}

function toRule(settings: RuleSettings, index: number): Rule {
  const { name = `rule ${index + 1}`, tag = {} } = settings
  const tags = Object.entries(tag).map(([key, text]) => ({ key, value: { stringValue: text } }))
  const goesOn = settings.continue === true || (settings.to === undefined && settings.drop !== true)
  return { name, settings, tags, isMet: toCondition(settings, index), goesOn, count: 0 }
}

const signalOf = { span: 'traces', log: 'logs', metric: 'metrics' } as const

function toCondition({ signals, when }: RuleSettings, index: number): Rule['isMet'] {
  const listed = signals === undefined ? undefined : new Set(signals.map((one) => signalOf[one]))
  const expression = when === undefined ? undefined : compile(when, index)
  if (expression === undefined) return ({ signal }) => listed?.has(signal) ?? true
  const { isTrue, keys } = expression
  const view = new ItemView(keys['attributes'] ?? [], keys['resource'] ?? [])
  return (item) => {
    if (listed?.has(item.signal) === false) return false
    view.item = item
    return isTrue(view)
  }
}

function compile(when: string, index: number): Expression {
  try {
    return compiler.compile(when)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw new RouterError(error.message, ['rules', index, 'when'])
  }
}
