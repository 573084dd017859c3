// The spans of a trace as a tree, and its critical path: plain numbers in arrays, because there may
// be a hundred thousand.
import type { Row } from '../ask.ts'

/** A span, as far as the picture needs it. */
export interface Span {
  readonly place: number
  readonly id: string
  readonly name: string
  readonly service: string
  readonly kind: string
  readonly subject: string
  readonly startNs: number
  readonly durationNs: number
  readonly isError: boolean
  readonly depth: number
  readonly childCount: number
  /** Whether the trace would have ended earlier if the span had. */
  readonly isCritical: boolean
}

/** Parents before their children. */
export interface Trace {
  readonly fromNs: bigint
  readonly lengthNs: number
  readonly spans: readonly Span[]
}

/** Reads the answer. Whose parent is not here is a root; circles are cut. */
export function toTrace(row: Row): Trace {
  const ids = texts(row['span_ids'])
  const parents = parentsOf(ids, texts(row['parent_ids']))
  const starts = numbers(row['start_ns'])
  const lengths = numbers(row['duration_ns'])
  const children = childrenOf(parents)
  const ordered = orderOf(parents, children)
  const critical = criticalOf(ordered, children, starts, lengths)
  const [names, services] = [texts(row['names']), texts(row['services'])]
  const [kinds, subjects] = [texts(row['kinds']), texts(row['subjects'])]
  const column = (key: string): readonly number[] => numbers(row[key])
  const [name, service, kind] = [column('name'), column('service'), column('kind')]
  const [subject, isError] = [column('subject'), column('is_error')]
  const spans = ordered.map(({ depth, place }): Span => {
    return {
      place,
      id: ids[place] ?? '',
      name: names[name[place] ?? -1] ?? '',
      service: services[service[place] ?? -1] ?? '',
      kind: kinds[kind[place] ?? -1] ?? '',
      subject: subjects[subject[place] ?? -1] ?? '',
      startNs: starts[place] ?? 0,
      durationNs: lengths[place] ?? 0,
      isError: isError[place] === 1,
      depth,
      childCount: children[place]?.length ?? 0,
      isCritical: critical.has(place),
    }
  })
  let lengthNs = 1
  for (const [i, start] of starts.entries())
    lengthNs = Math.max(lengthNs, start + (lengths[i] ?? 0))
  return { fromNs: BigInt(String(row['from_ns'])), lengthNs, spans }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : []
}

function numbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? (value as readonly number[]) : []
}

function parentsOf(ids: readonly string[], parentIds: readonly string[]): readonly number[] {
  const places = new Map(ids.map((id, place) => [id, place]))
  return parentIds.map((id, place) => {
    const parent = id === '' ? -1 : (places.get(id) ?? -1)
    return parent === place ? -1 : parent
  })
}

function childrenOf(parents: readonly number[]): readonly (readonly number[] | undefined)[] {
  const children: number[][] = []
  for (const [place, parent] of parents.entries()) {
    if (parent < 0) continue
    const list = (children[parent] ??= [])
    list.push(place)
  }
  return children
}

interface Ordered {
  readonly place: number
  readonly depth: number
}

function orderOf(
  parents: readonly number[],
  children: readonly (readonly number[] | undefined)[],
): readonly Ordered[] {
  const seen = new Uint8Array(parents.length)
  const ordered: Ordered[] = []
  const visit = (root: number): void => {
    const waiting: Ordered[] = [{ place: root, depth: 0 }]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (seen[next.place] === 1) continue
      seen[next.place] = 1
      ordered.push(next)
      const below = children[next.place] ?? []
      for (let i = below.length - 1; i >= 0; i--) {
        waiting.push({ place: below[i] ?? 0, depth: next.depth + 1 })
      }
    }
  }
  for (const [place, parent] of parents.entries()) if (parent < 0) visit(place)
  // Circles have no root.
  for (const place of parents.keys()) if (seen[place] === 0) visit(place)
  return ordered
}

/**
 * From the end of each root backwards: the child that ended last before the moment is what was
 * waited for; what began before that child, and ended before it began, comes next.
 */
function criticalOf(
  ordered: readonly Ordered[],
  children: readonly (readonly number[] | undefined)[],
  starts: readonly number[],
  lengths: readonly number[],
): ReadonlySet<number> {
  const endOf = (place: number): number => (starts[place] ?? 0) + (lengths[place] ?? 0)
  const first = ordered.filter(({ depth }) => depth === 0).map(({ place }) => place)
  const root = first.toSorted((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0))[0]
  const critical = new Set<number>()
  const waiting = root === undefined ? [] : [root]
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (critical.has(place)) continue
    critical.add(place)
    const below = (children[place] ?? []).toSorted((a, b) => endOf(b) - endOf(a))
    let moment = endOf(place)
    for (const child of below) {
      if (endOf(child) > moment) continue
      waiting.push(child)
      moment = starts[child] ?? 0
    }
  }
  return critical
}

/** Those that are not below a closed one. */
export function unfolded(spans: readonly Span[], closed: ReadonlySet<number>): readonly Span[] {
  let hidden = Number.POSITIVE_INFINITY
  return spans.filter(({ depth, place }) => {
    if (depth > hidden) return false
    hidden = closed.has(place) ? depth : Number.POSITIVE_INFINITY
    return true
  })
}
