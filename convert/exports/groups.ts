// Resources and scopes of rows: what stands before their items, once for each.
import { type ItemSql, type Member, requestNames } from './otlp-json.ts'
import { JsonOut } from './json-out.ts'
import { codesOf, type MemberCode, MemberWriter } from './member-writer.ts'
import type { SlabPool } from './slab-pool.ts'

/** The groups of some rows. */
export class Groups {
  /** All columns of resource and scope. */
  readonly members: readonly MemberCode[]
  /** What stands before the items of a group. */
  readonly heads: Buffer[] = []
  /** What stands before the first group of a request, and before the others. */
  readonly openings: { readonly first: Buffer; readonly other: Buffer }
  readonly #parts: Readonly<Record<'resource' | 'group' | 'scope' | 'scopeGroup', Codes>>
  readonly #names: readonly [string, string, string]
  readonly #slabs: SlabPool
  readonly #places = new Map<string, number>()
  #last: Buffer = Buffer.alloc(0)
  #lastPlace = -1

  constructor(item: ItemSql, slabs: SlabPool) {
    const { group, resource, scope, scopeGroup } = item
    const all: readonly Member[] = [...resource, ...group, ...scope, ...scopeGroup]
    this.members = codesOf(all)
    this.#parts = {
      resource: codesOf(resource),
      group: codesOf(group),
      scope: codesOf(scope),
      scopeGroup: codesOf(scopeGroup),
    }
    this.#names = requestNames[item.signal]
    this.#slabs = slabs
    this.openings = {
      first: Buffer.from(`{"${this.#names[0]}":[`),
      other: Buffer.from(']}]},'),
    }
  }

  /** The place of the group whose columns these bytes are: mostly that of the row before. */
  find(source: Uint8Array, start: number, end: number): number {
    if (this.#isLast(source, start, end)) return this.#lastPlace
    const bytes = Buffer.from(source.subarray(start, end))
    const key = bytes.toString('latin1')
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.heads.push(this.#write(bytes)) - 1
      this.#places.set(key, place)
    }
    this.#last = bytes
    this.#lastPlace = place
    return place
  }

  #isLast(source: Uint8Array, start: number, end: number): boolean {
    const last = this.#last
    const { length } = last
    if (this.#lastPlace < 0 || end - start !== length) return false
    for (let i = 0; i < length; i++) if (last[i] !== source[start + i]) return false
    return true
  }

  #write(columns: Buffer): Buffer {
    const [, scopes, list] = this.#names
    const { group, resource, scope, scopeGroup } = this.#parts
    const out = new JsonOut(this.#slabs)
    const writer = new MemberWriter(out)
    writer.open(columns)
    out.literal(Buffer.from('{"resource":'))
    writer.object(resource)
    writer.moreMembers(group)
    out.literal(Buffer.from(`,"${scopes}":[{"scope":`))
    writer.object(scope)
    writer.moreMembers(scopeGroup)
    out.literal(Buffer.from(`,"${list}":[`))
    const head = Buffer.from(out.written())
    this.#slabs.give(out.slabs)
    return head
  }
}

type Codes = readonly MemberCode[]
