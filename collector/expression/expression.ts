// An expression of the Common Expression Language (https://cel.dev) about plain fields and maps of
// texts, with what cannot take long: no loops, no allocation that grows. Checked before it is used,
// with line and column of what is wrong.
import {
  type ASTNode,
  Environment,
  EvaluationError,
  ParseError,
  TypeError as CelTypeError,
} from '@marcbachmann/cel-js'
import { compileNode, type FieldTypes } from './compiled.ts'

/** An expression that cannot be understood; the message says where. */
export class ExpressionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ExpressionError'
  }
}

/** What expressions are about. */
export interface ExpressionTerms {
  readonly fields: Readonly<Record<string, 'string' | 'double' | 'bool'>>
  /** Maps of which one key at a time can be asked for. */
  readonly maps: readonly string[]
  /** Whether regular expressions may be used: those who write them must be trusted. */
  readonly hasPatterns: boolean
  /** Leaves all to the language's own evaluator, to compare with it. @default false */
  readonly isEvaluated?: boolean
}

/** An expression that is true or not. */
export interface Expression {
  /** Whether it is true of what a context says, `type` as `type_`. Never throws. */
  readonly isTrue: (context: object) => boolean
  /** The keys of the maps that it asks for. */
  readonly keys: Readonly<Record<string, readonly string[]>>
  /** Whether it was compiled, and is not evaluated for each context anew. */
  readonly isCompiled: boolean
}

/** Understands expressions. */
export interface ExpressionCompiler {
  /** @throws ExpressionError with line and column */
  compile(text: string): Expression
}

/** The longest expression, in characters. */
const expressionMax = 4_096

const plainFunctions: readonly string[] = ['contains', 'startsWith', 'endsWith', 'size', 'number']
const operators: ReadonlySet<string> = new Set(
  '== != < <= > >= && || + - in ?: !_ -_ id value'.split(' '),
)

/** Names that the language has for itself, and how contexts have them. */
const aliases: Readonly<Record<string, string | undefined>> = { type: 'type_' }

/** Makes a compiler for expressions about these terms. */
export function createExpressionCompiler(terms: ExpressionTerms): ExpressionCompiler {
  return new Compiler(terms)
}

class Compiler implements ExpressionCompiler {
  readonly #environment: Environment
  readonly #functions: readonly string[]
  readonly #maps: readonly string[]
  readonly #help: string
  /** As contexts have them; undefined where nothing is compiled. */
  readonly #fields: FieldTypes | undefined

  constructor({ fields, hasPatterns, isEvaluated = false, maps }: ExpressionTerms) {
    const named = Object.entries(fields).map(([name, type]) => [aliases[name] ?? name, type])
    this.#fields = isEvaluated ? undefined : (Object.fromEntries(named) as FieldTypes)
    this.#maps = maps
    this.#functions = hasPatterns ? [...plainFunctions, 'matches'] : plainFunctions
    this.#environment = createEnvironment({ fields, maps })
    this.#help =
      `There are ${[...Object.keys(fields), ...maps].join(', ')} ` +
      `(attributes["cart.items"]), and the functions ${this.#functions.join(', ')}`
  }

  compile(text: string): Expression {
    if (text.length > expressionMax) {
      throw new ExpressionError(
        `The expression has ${text.length} characters, wanted at most ${expressionMax}`,
      )
    }
    const program = this.#parse(text)
    const keys = Object.fromEntries(this.#maps.map((name) => [name, new Set<string>()]))
    this.#check(program.ast, text, keys)
    const { error, type, valid } = program.check()
    if (!valid) throw this.#toError(error, text)
    if (type !== 'bool') {
      throw new ExpressionError(`The expression gives a ${type}, wanted true or false`)
    }
    const compiled = this.#fields && compileNode(program.ast, this.#fields)
    const run = compiled ?? ((context: object): unknown => program(context))
    return {
      isCompiled: compiled !== undefined,
      keys: Object.fromEntries(Object.entries(keys).map(([name, set]) => [name, [...set]])),
      isTrue(context) {
        try {
          return run(context) === true
        } catch {
          // Such as a sum that overflows: not true of this.
          return false
        }
      },
    }
  }

  #parse(text: string): ReturnType<Environment['parse']> {
    try {
      return this.#environment.parse(text)
    } catch (error) {
      throw this.#toError(error, text)
    }
  }

  /** Lets through what takes no longer than the text is long, and notes the keys that it names. */
  #check(node: ASTNode, text: string, keys: Readonly<Record<string, Set<string>>>): void {
    const { args, op } = node as { readonly op: string; readonly args: unknown }
    const inner = Array.isArray(args) ? (args as readonly unknown[]) : [args]
    const nodes = (list: readonly unknown[]): void => {
      for (const one of list) if (isNode(one)) this.#check(one, text, keys)
    }
    if (op === '[]' || op === '.') {
      const [map, key] = inner
      const named = isNode(map) && map.op === 'id' ? keys[map.args] : undefined
      const literal = isNode(key) && key.op === 'value' ? key.args : key
      if (named === undefined || typeof literal !== 'string') {
        const maps = this.#maps.join(' and ')
        this.#refuse(node, text, `only ${maps} have keys, which are written as texts`)
      }
      named.add(literal)
      return
    }
    // The evaluator looks its name up when it is run, as the context has it.
    if (op === 'id') (node as { args: unknown }).args = aliases[String(args)] ?? args
    if (op === 'id' && this.#maps.some((name) => name === args)) {
      this.#refuse(node, text, `of ${String(args)} one key at a time can be asked for`)
    }
    if (op === 'call' || op === 'rcall') {
      const [name, ...rest] = inner
      if (typeof name !== 'string' || !this.#functions.includes(name)) {
        this.#refuse(node, text, `the function ${String(name)}() is not there`)
      }
      if (name === 'matches') this.#checkPattern(rest.flat().at(-1), text)
      nodes(rest.flat())
      return
    }
    if (op === 'list') return nodes(inner.flat())
    if (!operators.has(op)) this.#refuse(node, text, `the operator ${op} is not there`)
    nodes(inner)
  }

  #checkPattern(node: unknown, text: string): void {
    if (!isNode(node) || node.op !== 'value' || typeof node.args !== 'string') {
      const at = isNode(node) ? node : undefined
      throw new ExpressionError(
        `${place(text, at?.range.start ?? 0)}: a pattern is written as a text. ${this.#help}`,
      )
    }
    try {
      RegExp(node.args)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#refuse(node, text, `the pattern cannot be used: ${why}`)
    }
  }

  #refuse(node: ASTNode, text: string, reason: string): never {
    throw new ExpressionError(`${place(text, node.range.start)}: ${reason}. ${this.#help}`)
  }

  #toError(error: unknown, text: string): ExpressionError {
    const isOurs =
      error instanceof ParseError ||
      error instanceof CelTypeError ||
      error instanceof EvaluationError
    if (!isOurs) return new ExpressionError(`The expression is not understood: ${String(error)}`)
    const where = place(text, error.range?.start ?? 0)
    return new ExpressionError(`${where}: ${error.summary}. ${this.#help}`)
  }
}

function createEnvironment({ fields, maps }: Omit<ExpressionTerms, 'hasPatterns'>): Environment {
  const environment = new Environment({
    limits: { maxAstNodes: 256, maxDepth: 32, maxListElements: 64, maxCallArguments: 4 },
  }).registerFunction('number(string): double', (text: unknown) =>
    // The empty text stands for an attribute that is not there.
    text === '' ? Number.NaN : Number(text),
  )
  // Numbers are compared with how people write them: `value == 0`.
  environment.registerOperator('double == int', (a: number, b: bigint) => a === Number(b))
  for (const [name, type] of Object.entries(fields)) {
    environment.registerVariable(aliases[name] ?? name, type)
  }
  for (const name of maps) environment.registerVariable(name, 'map<string, string>')
  return environment
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - (before.lastIndexOf('\n') + 1) + 1
  return `The expression is wrong at line ${line}, column ${column}`
}
