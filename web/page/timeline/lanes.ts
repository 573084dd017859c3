// The boxes of an answer, made ready to be drawn: a lane has runs of boxes of a colour, the worse
// later, so that the worst colour wins where boxes share a pixel.
import type { Lane, TimelineData } from '../ask.ts'
import { visible } from '../format.ts'

/** Boxes of a colour in a lane, by their starts. */
export interface Run {
  /** held, contended, waiting, ...: the key of the colour. */
  readonly look: string
  /** Whether they lie in the lower half of the lane, which is for those who wait. */
  readonly isLower: boolean
  readonly count: ArrayLike<number>
  /** In units after the beginning of the data. */
  readonly start: ArrayLike<number>
  readonly end: ArrayLike<number>
}

/** A lane with its boxes. */
export interface LaneOfBoxes {
  readonly lane: Lane
  readonly key: string
  readonly title: string
  readonly runs: readonly Run[]
}

/** All that was answered. */
export interface Boxes {
  readonly fromNs: bigint
  readonly toNs: bigint
  readonly pixelNs: number
  readonly unitNs: number
  readonly lanes: readonly LaneOfBoxes[]
  readonly isCut: boolean
  readonly sql: string
}

const lower = new Set(['waiting', 'queued'])

/** A lane as a text, for the address. */
export function laneKey({ kind, service, name }: Lane): string {
  return `${kind}:${encodeURIComponent(service)}:${name}`
}

const kinds = new Set(['lock', 'queue', 'job', 'thread', 'task', 'span', 'log', 'process'])

/** A lane from such a text; undefined where it is none. */
export function laneOf(key: string): Lane | undefined {
  const [kind = '', service = '', ...name] = key.split(':')
  try {
    return kinds.has(kind)
      ? { kind, service: decodeURIComponent(service), name: name.join(':') }
      : undefined
  } catch {
    return undefined
  }
}

/** The name of a lane as people read it. */
export function titleOf({ kind, service, name }: Lane): string {
  const known = service === '' ? '(no service)' : service
  if (kind === 'span') return visible(`spans · ${known}`)
  if (kind === 'log') return visible(`log · ${known}`)
  const text = `${name.length > 80 ? `${name.slice(0, 79)}…` : name} · ${known}`
  return visible(kind === 'lock' || kind === 'task' ? text : `${kind} ${text}`)
}

/** Divides what is held into what is waited for meanwhile and what is not. */
export function toBoxes(data: TimelineData): Boxes {
  const runs = data.lanes.map((): Run[] => [])
  const waits = data.lanes.map((): Run | undefined => undefined)
  const states = data.states
  for (const run of data.runs.toSorted((a, b) => a.state - b.state)) {
    const look = states[run.state] ?? ''
    const { count, end, start } = run
    const made: Run = { look, isLower: lower.has(look), count, start, end }
    runs[run.lane]?.push(made)
    if (look === 'waiting') waits[run.lane] = made
  }
  return {
    fromNs: BigInt(data.from_ns),
    toNs: BigInt(data.to_ns),
    pixelNs: Number(data.pixel_ns),
    unitNs: Number(data.unit_ns),
    isCut: data.isCut,
    sql: data.sql,
    lanes: data.lanes.map((lane, place) => ({
      lane,
      key: laneKey(lane),
      title: titleOf(lane),
      runs: (runs[place] ?? []).flatMap((run) =>
        run.look === 'held' ? divide(run, waits[place]) : [run],
      ),
    })),
  }
}

function divide(held: Run, waiting: Run | undefined): readonly Run[] {
  if (waiting === undefined) return [held]
  // The furthest end so far answers whether any that began before still waits.
  const ends = new Float64Array(waiting.end.length)
  let furthest = -Infinity
  for (let i = 0; i < ends.length; i++) {
    furthest = Math.max(furthest, waiting.end[i] ?? 0)
    ends[i] = furthest
  }
  const free: number[] = []
  const contended: number[] = []
  for (let i = 0; i < held.start.length; i++) {
    const start = held.start[i] ?? 0
    const end = held.end[i] ?? 0
    // Both were rounded outwards: what only touches does not overlap.
    const slack = end - start > 8 ? 2 : 0
    const before = firstFrom(waiting.start, end - slack)
    const isContended = before > 0 && (ends[before - 1] ?? -Infinity) > start + slack
    if (isContended) contended.push(i)
    else free.push(i)
  }
  const only = (places: readonly number[], look: string): Run => ({
    look,
    isLower: false,
    count: places.map((i) => held.count[i] ?? 0),
    start: places.map((i) => held.start[i] ?? 0),
    end: places.map((i) => held.end[i] ?? 0),
  })
  return [only(free, 'held'), only(contended, 'contended')]
}

/** How many of the sorted values are below a limit. */
function firstFrom(sorted: ArrayLike<number>, limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}

/** What is under the pointer: the worst box of the half that is there. */
export interface Hit {
  readonly look: string
  readonly count: number
  readonly fromNs: bigint
  readonly lengthNs: number
}

/** Finds the box at a moment, at most some units beside it. */
export function hitOf(
  { fromNs, unitNs }: Boxes,
  { runs }: LaneOfBoxes,
  at: { readonly ns: bigint; readonly slackNs: number; readonly isLower: boolean },
): Hit | undefined {
  const place = Number(at.ns - fromNs) / unitNs
  const slack = at.slackNs / unitNs
  for (const run of runs.toReversed()) {
    if (run.isLower !== at.isLower) continue
    for (let i = 0; i < run.start.length; i++) {
      const start = run.start[i] ?? 0
      const end = run.end[i] ?? 0
      if (start - slack > place || end + slack < place) continue
      return {
        look: run.look,
        count: run.count[i] ?? 0,
        fromNs: fromNs + BigInt(Math.round(start * unitNs)),
        lengthNs: (end - start) * unitNs,
      }
    }
  }
  return undefined
}

/** Pinned lanes first, in the order in which they were pinned; then the worst. */
export function orderLanes(
  { lanes }: Boxes,
  pins: readonly string[],
  chosen: string,
): readonly LaneOfBoxes[] {
  const known = new Map(lanes.map((lane) => [lane.key, lane]))
  const pinned = pins.flatMap((key) => known.get(key) ?? [])
  const first = lanes.filter(({ key, lane }) => key === chosen || lane.name === chosen)
  const before = chosen === '' ? pinned : [...new Set([...pinned, ...first])]
  const taken = new Set(before)
  return [...before, ...lanes.filter((lane) => !taken.has(lane))]
}
