import {
  bytesField,
  concat,
  double,
  doubleField,
  fixed32Field,
  fixed64,
  fixed64Field,
  integerField,
  packedField,
  signedField,
  varint,
} from './proto-writer.ts'
import type { Random } from './random.ts'

/** The collector's time in these tests. */
export const nowMs = 1_795_000_000_000

const texts = [
  '',
  'a',
  'GET /cart',
  'Ümläut',
  '日本語テキスト',
  '🔒 locked',
  '"quoted"\\',
  'tab\tend\u0000',
]
const keys = ['service.name', 'http.route', 'http.method', 'a', 'b', 'ключ', '', 'a.b', 'z']
const integers = [0n, 1n, -1n, 200n, -45_678n, 2n ** 31n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n)]
const edges = [
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 32n),
  10n ** 15n,
]
const doubles = [0, -0, 1, 0.1, -1.5, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 1e300]
const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

export interface GeneratorOptions {
  /** Fields in any order, unknown fields between them, empty groups. */
  readonly isOdd: boolean
}

/** Makes valid requests of every shape: each item is accepted. */
export class RequestGenerator {
  private readonly random: Random
  private readonly options: GeneratorOptions

  constructor(random: Random, options: GeneratorOptions) {
    this.random = random
    this.options = options
  }

  traces(): Uint8Array {
    return this.request(() => this.span())
  }

  logs(): Uint8Array {
    return this.request(() => this.log())
  }

  metrics(): Uint8Array {
    return this.request(() => this.metric())
  }

  private request(item: () => Uint8Array): Uint8Array {
    return this.message(
      this.many(3, () => {
        const resource = this.message(this.attributes(1, 6))
        return bytesField(
          1,
          this.message([
            ...this.maybe(() => bytesField(1, resource)),
            ...this.many(3, () => bytesField(2, this.scopeGroup(item))),
            ...this.maybe(() => bytesField(3, this.text())),
          ]),
        )
      }),
    )
  }

  private scopeGroup(item: () => Uint8Array): Uint8Array {
    const scope = this.message([
      ...this.maybe(() => bytesField(1, this.text())),
      ...this.maybe(() => bytesField(2, this.text())),
      ...this.attributes(3, 3),
      ...this.maybe(() => integerField(4, 2)),
    ])
    return this.message([
      ...this.maybe(() => bytesField(1, scope)),
      ...this.many(12, () => bytesField(2, item())),
      ...this.maybe(() => bytesField(3, this.text())),
    ])
  }

  private span(): Uint8Array {
    const { random } = this
    const start = this.time()
    const end = random.chance(0.05) ? start - 5n : start + BigInt(random.below(2 ** 40))
    return this.message([
      bytesField(1, random.bytes(16)),
      bytesField(2, random.bytes(8)),
      ...this.maybe(() => bytesField(3, this.text())),
      ...this.maybe(() => bytesField(4, random.chance(0.2) ? new Uint8Array(8) : random.bytes(8))),
      ...this.maybe(() => bytesField(5, this.text())),
      ...this.maybe(() => integerField(6, random.pick([0, 1, 2, 3, 4, 5, 9, -1]))),
      fixed64Field(7, start),
      fixed64Field(8, end),
      ...this.attributes(9, random.chance(0.05) ? 100 : 10),
      ...this.maybe(() => integerField(10, 300)),
      ...this.many(3, () => bytesField(11, this.event())),
      ...this.many(3, () => bytesField(13, this.link())),
      ...this.maybe(() => bytesField(15, this.status())),
      ...this.maybe(() => fixed32Field(16, 257)),
    ])
  }

  private event(): Uint8Array {
    return this.message([
      ...this.maybe(() => fixed64Field(1, this.time())),
      ...this.maybe(() => bytesField(2, this.text())),
      ...this.attributes(3, 4),
      ...this.maybe(() => integerField(4, 1)),
    ])
  }

  private link(): Uint8Array {
    const { random } = this
    return this.message([
      ...this.maybe(() => bytesField(1, random.bytes(16))),
      ...this.maybe(() => bytesField(2, random.bytes(8))),
      ...this.maybe(() => bytesField(3, this.text())),
      ...this.attributes(4, 4),
      ...this.maybe(() => fixed32Field(6, 1)),
    ])
  }

  private status(): Uint8Array {
    return this.message([
      ...this.maybe(() => bytesField(2, this.text())),
      ...this.maybe(() => integerField(3, this.random.pick([0, 1, 2, 7]))),
    ])
  }

  private log(): Uint8Array {
    const { random } = this
    return this.message([
      ...this.maybe(() => fixed64Field(1, random.chance(0.2) ? 0n : this.time())),
      ...this.maybe(() => integerField(2, random.pick([0, 1, 9, 24, 255, 256, -1]))),
      ...this.maybe(() => bytesField(3, random.pick(['INFO', 'ERROR', 'debug']))),
      ...this.maybe(() => bytesField(5, this.value(3))),
      ...this.attributes(6, 8),
      ...this.maybe(() => fixed32Field(8, random.below(2 ** 32))),
      ...this.maybe(() =>
        bytesField(9, random.chance(0.3) ? new Uint8Array(16) : random.bytes(16)),
      ),
      ...this.maybe(() => bytesField(10, random.bytes(8))),
      ...this.maybe(() => fixed64Field(11, this.time())),
      ...this.maybe(() => bytesField(12, this.text())),
    ])
  }

  private metric(): Uint8Array {
    const { random } = this
    const points = (point: () => Uint8Array) => this.many(4, () => bytesField(1, point()))
    const temporality = () => this.maybe(() => integerField(2, random.pick([0, 1, 2, 7, -1])))
    const kinds: readonly (() => Uint8Array)[] = [
      () => bytesField(5, this.message(points(() => this.numberPoint()))),
      () =>
        bytesField(
          7,
          this.message([
            ...points(() => this.numberPoint()),
            ...temporality(),
            ...this.maybe(() => integerField(3, random.below(2))),
          ]),
        ),
      () => bytesField(9, this.message([...points(() => this.histogramPoint()), ...temporality()])),
      () =>
        bytesField(10, this.message([...points(() => this.exponentialPoint()), ...temporality()])),
      () => bytesField(11, this.message(points(() => this.summaryPoint()))),
    ]
    return this.message([
      ...this.maybe(() => bytesField(1, this.text())),
      ...this.maybe(() => bytesField(2, this.text())),
      ...this.maybe(() => bytesField(3, random.pick(['ms', 'By', '{request}', 'µs']))),
      random.pick(kinds)(),
      ...this.attributes(12, 2),
    ])
  }

  private numberPoint(): Uint8Array {
    return this.message([
      ...this.pointTimes(),
      this.numberValue(4, 6),
      ...this.exemplars(5),
      ...this.attributes(7, 6),
      ...this.flags(8),
    ])
  }

  private histogramPoint(): Uint8Array {
    const { random } = this
    const bounds = this.many(20, () => this.double())
    const hasBuckets = bounds.length > 0 || random.chance(0.3)
    const counts = hasBuckets ? [undefined, ...bounds].map(() => this.unsigned()) : []
    return this.message([
      ...this.pointTimes(),
      ...this.maybe(() => fixed64Field(4, this.unsigned())),
      ...this.maybe(() => doubleField(5, this.double())),
      ...this.repeated(6, counts.map(fixed64), (value) => fixed64Field(6, value), counts),
      ...this.repeated(7, bounds.map(double), (value) => doubleField(7, value), bounds),
      ...this.exemplars(8),
      ...this.attributes(9, 6),
      ...this.flags(10),
      ...this.maybe(() => doubleField(11, this.double())),
      ...this.maybe(() => doubleField(12, this.double())),
    ])
  }

  private exponentialPoint(): Uint8Array {
    const { random } = this
    return this.message([
      ...this.attributes(1, 6),
      ...this.pointTimes(),
      ...this.maybe(() => fixed64Field(4, this.unsigned())),
      ...this.maybe(() => doubleField(5, this.double())),
      ...this.maybe(() => signedField(6, random.pick([-10, 0, 3, 20]))),
      ...this.maybe(() => fixed64Field(7, this.unsigned())),
      ...this.maybe(() => bytesField(8, this.buckets())),
      ...this.maybe(() => bytesField(9, this.buckets())),
      ...this.flags(10),
      ...this.exemplars(11),
      ...this.maybe(() => doubleField(12, this.double())),
      ...this.maybe(() => doubleField(13, this.double())),
      ...this.maybe(() => doubleField(14, 0.5)),
    ])
  }

  private buckets(): Uint8Array {
    const counts = this.many(20, () => this.unsigned())
    const offset = this.random.pick([0, -1, 1, 2 ** 31 - 1, -(2 ** 31)])
    return this.message([
      ...this.maybe(() => signedField(1, offset)),
      ...this.repeated(2, counts.map(varint), (value) => integerField(2, value), counts),
    ])
  }

  private summaryPoint(): Uint8Array {
    return this.message([
      ...this.pointTimes(),
      ...this.maybe(() => fixed64Field(4, this.unsigned())),
      ...this.maybe(() => doubleField(5, this.double())),
      ...this.many(5, () =>
        bytesField(
          6,
          this.message([
            ...this.maybe(() => doubleField(1, this.double())),
            ...this.maybe(() => doubleField(2, this.double())),
          ]),
        ),
      ),
      ...this.attributes(7, 6),
      ...this.flags(8),
    ])
  }

  private pointTimes(): Uint8Array[] {
    return [...this.maybe(() => fixed64Field(2, this.time())), fixed64Field(3, this.time())]
  }

  private flags(field: number): Uint8Array[] {
    return this.maybe(() => integerField(field, this.random.pick([0, 1, 257, 2 ** 32 - 1])))
  }

  private exemplars(field: number): Uint8Array[] {
    const { random } = this
    const exemplar = () =>
      this.message([
        ...this.maybe(() => fixed64Field(2, this.time())),
        ...(random.chance(0.9) ? [this.numberValue(3, 6)] : []),
        ...this.maybe(() =>
          bytesField(4, random.chance(0.2) ? new Uint8Array(8) : random.bytes(8)),
        ),
        ...this.maybe(() => bytesField(5, random.bytes(16))),
        ...this.attributes(7, 3),
      ])
    return random.chance(0.7) ? [] : this.many(4, () => bytesField(field, exemplar()))
  }

  private numberValue(doubleNumber: number, integerNumber: number): Uint8Array {
    const { random } = this
    if (random.chance(0.5)) return doubleField(doubleNumber, this.double())
    const value = random.pick([...integers, ...edges])
    return fixed64Field(integerNumber, BigInt.asUintN(64, value))
  }

  /** Numbers in one piece, one by one, or in part so. */
  private repeated<T>(
    field: number,
    packed: readonly Uint8Array[],
    single: (value: T) => Uint8Array,
    values: readonly T[],
  ): Uint8Array[] {
    const { random } = this
    // Fields of one number change their order in odd requests, so the oracle must see the same
    // bytes.
    const cut = random.chance(0.7) ? values.length : random.below(values.length + 1)
    const head = cut === 0 ? [] : [packedField(field, packed.slice(0, cut))]
    return [...head, ...values.slice(cut).map(single)]
  }

  private double(): number {
    const { random } = this
    if (random.chance(0.1)) return random.pick(specials)
    return random.chance(0.4) ? random.pick(doubles) : random.below(1e9) / 1000
  }

  private unsigned(): bigint {
    const { random } = this
    return random.chance(0.1) ? random.pick([2n ** 64n - 1n, 2n ** 53n]) : BigInt(random.below(500))
  }

  private attributes(field: number, max: number): Uint8Array[] {
    return this.many(max, () => bytesField(field, this.keyValue(3)))
  }

  private keyValue(depth: number): Uint8Array {
    const { random } = this
    const key = random.chance(0.9) ? random.pick(keys) : `key.${random.below(2000)}`
    return this.message([
      ...(random.chance(0.95) ? [bytesField(1, key)] : []),
      ...(random.chance(0.95) ? [bytesField(2, this.value(depth))] : []),
    ])
  }

  private value(depth: number): Uint8Array {
    const { random } = this
    switch (random.below(depth > 0 ? 12 : 9)) {
      case 0:
        return integerField(2, random.below(2))
      case 1:
        return integerField(3, random.pick([...integers, ...edges]))
      case 2:
        return doubleField(4, random.pick([...doubles, ...specials]))
      case 3:
        return bytesField(7, random.bytes(random.below(9)))
      case 4:
        return new Uint8Array(0)
      case 9:
        return bytesField(5, this.message(this.many(4, () => bytesField(1, this.value(depth - 1)))))
      case 10:
        return bytesField(
          6,
          this.message(this.many(4, () => bytesField(1, this.keyValue(depth - 1)))),
        )
      default:
        return bytesField(1, this.text())
    }
  }

  private text(): string {
    const { random } = this
    if (random.chance(0.02)) return random.pick(texts).repeat(random.below(3000))
    return random.chance(0.3) ? random.pick(texts) : `text ${random.below(5000)}`
  }

  private time(): bigint {
    return BigInt(nowMs - this.random.below(1e9)) * 1_000_000n + BigInt(this.random.below(1e6))
  }

  private many<T>(max: number, make: () => T): T[] {
    return Array.from({ length: this.random.below(max + 1) }, make)
  }

  private maybe(make: () => Uint8Array): Uint8Array[] {
    return this.random.chance(0.75) ? [make()] : []
  }

  private message(fields: readonly Uint8Array[]): Uint8Array {
    if (!this.options.isOdd) return concat(fields)
    const mixed = [...fields]
    if (this.random.chance(0.1)) mixed.push(this.unknownField())
    for (let i = mixed.length - 1; i > 0; i--) {
      const other = this.random.below(i + 1)
      const field = mixed[i] as Uint8Array
      mixed[i] = mixed[other] as Uint8Array
      mixed[other] = field
    }
    return concat(mixed)
  }

  private unknownField(): Uint8Array {
    const { random } = this
    const number = random.pick([40, 1000, 536870911])
    return random.pick([
      integerField(number, 2n ** 64n - 1n),
      fixed64Field(number, 1n),
      fixed32Field(number, 1),
      bytesField(number, random.bytes(200)),
    ])
  }
}
