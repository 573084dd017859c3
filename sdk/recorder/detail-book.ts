// What is told of which class, in the memory that all threads of the process share: a change holds
// for all of them from their next operation on.
import { detailBytesMax, type Memory, processCell } from '@wayward/record'
import { defaultDetail, type Details, parseDetail, type Rule, type Rules } from './detail.ts'
import { isNameLike } from './name-pattern.ts'

/** Who says it; what comes from outside goes before what the process says itself. */
export const detailSource = { process: 0, outside: 1 } as const

interface PatternRule extends Rule {
  readonly pattern: string
}

/** Of what no pattern fits. */
const all: Rule = { mode: 'all', figure: 0 }

export class DetailBook implements Rules {
  readonly #memory: Memory
  #known = -1
  #rules: readonly PatternRule[] = []

  constructor(memory: Memory) {
    this.#memory = memory
  }

  get generation(): number {
    return Atomics.load(this.#memory.header, processCell.detailGeneration)
  }

  ruleOf(name: string): Rule {
    const { generation } = this
    if (generation !== this.#known) {
      this.#rules = rulesOf({ '*': defaultDetail }, ...this.#sources())
      this.#known = generation
    }
    return this.#rules.findLast(({ pattern }) => isNameLike(pattern, name)) ?? all
  }

  /**
   * Replaces what a source says. Each source has one thread that does.
   * @throws RangeError if it is too much
   */
  set(source: number, details: Details): void {
    const bytes = Buffer.from(JSON.stringify(details))
    if (bytes.length > detailBytesMax) {
      throw new RangeError(
        `Cannot set details of ${bytes.length} bytes: at most ${detailBytesMax} are wanted; use patterns`,
      )
    }
    const { header, details: texts } = this.#memory
    Atomics.store(header, processCell.detailBytes + source, -1)
    texts[source]?.set(bytes)
    Atomics.store(header, processCell.detailBytes + source, bytes.length)
    Atomics.add(header, processCell.detailGeneration, 1)
  }

  /** What is being written just now is read at the next change, which follows at once. */
  #sources(): Details[] {
    const { header, details } = this.#memory
    return details.map((text, source) => {
      const length = Atomics.load(header, processCell.detailBytes + source)
      if (length <= 0) return {}
      try {
        return JSON.parse(Buffer.from(text.slice(0, length)).toString()) as Details
      } catch {
        return {}
      }
    })
  }
}

/** In the order in which they were said; what is no detail is passed over. */
function rulesOf(...sources: readonly Details[]): PatternRule[] {
  const rules: PatternRule[] = []
  for (const [pattern, detail] of sources.flatMap((details) => Object.entries(details))) {
    const rule = parseDetail(detail)
    if (rule !== undefined) rules.push({ ...rule, pattern })
  }
  return rules
}
