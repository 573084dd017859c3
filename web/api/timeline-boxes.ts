// The boxes of the timeline, as rows of several questions, and as they are sent: columns of
// numbers, in JSON or as bytes.
//
//   bytes:  length of the head (4) │ head: JSON │ blanks to a multiple of 4 │ counts, starts, ends
//           of the first run, of the second, … : 32-bit floats, little-endian
//
// A float of 32 bits has whole numbers to 16 million: a screen has fewer places, and what lies far
// beyond it need not be exact.

/** Boxes of a state of a lane, in any order. */
export interface RunRow {
  readonly kind: string
  readonly service: string
  readonly name: string
  readonly state: string
  readonly counts: readonly number[]
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** How long they are together, nanoseconds. */
  readonly length: number
}

/** Of a box; the later in the list, the worse. */
export const boxStates = [
  'alive',
  'log',
  'span',
  'held',
  'processing',
  'running',
  'queued',
  'log_warning',
  'waiting',
  'log_error',
  'error',
  'failed',
] as const

interface LaneOfRuns {
  readonly kind: string
  readonly service: string
  readonly name: string
}

/** A run with its lane and its state by their places. */
export interface RunOfBoxes {
  readonly lane: number
  readonly state: number
  readonly count: readonly number[]
  readonly start: readonly number[]
  readonly end: readonly number[]
}

/** States in which nothing goes on. */
const badStates: ReadonlySet<string> = new Set(['waiting', 'queued', 'failed'])
/** How much worse their time is than that of others. */
const badFactor = 1000

/** Locks, queues and jobs stand first, processes last. */
const places: Readonly<Record<string, number>> = { span: 1, log: 1, process: 2 }

/**
 * Lanes, the worst first, and their runs; a lane and a state of several questions are one run.
 *
 * @param boxesMax beyond it the last lanes are left out
 */
export function toRuns(
  rows: readonly RunRow[],
  boxesMax: number,
): {
  readonly lanes: readonly LaneOfRuns[]
  readonly runs: readonly RunOfBoxes[]
  readonly isCut: boolean
} {
  const lanes = new Map<string, { readonly rows: RunRow[]; place: number; weight: number }>()
  for (const row of rows) {
    const key = JSON.stringify([row.kind, row.service, row.name])
    const lane = lanes.get(key) ?? { rows: [], place: places[row.kind] ?? 0, weight: 0 }
    lane.rows.push(row)
    lane.weight += row.length * (badStates.has(row.state) ? badFactor : 1)
    lanes.set(key, lane)
  }
  const all = [...lanes.values()].toSorted((a, b) => a.place - b.place || b.weight - a.weight)
  let boxes = 0
  const sorted = all.filter(({ rows: own }) => {
    boxes += own.reduce((sum, { counts }) => sum + counts.length, 0)
    return boxes <= boxesMax
  })
  return {
    isCut: sorted.length < all.length,
    lanes: sorted.flatMap(({ rows: [first] }) =>
      first === undefined ? [] : { kind: first.kind, service: first.service, name: first.name },
    ),
    runs: sorted.flatMap((lane, place) => runsOf(lane.rows, place)),
  }
}

function runsOf(rows: readonly RunRow[], lane: number): readonly RunOfBoxes[] {
  const states = new Map<string, RunRow[]>()
  for (const row of rows) states.set(row.state, [...(states.get(row.state) ?? []), row])
  return [...states].map(([state, same]) => {
    const place = boxStates.findIndex((known) => known === state)
    const boxes = sortedBoxes(same)
    return { lane, state: place, ...boxes }
  })
}

/** The boxes of some runs as one, in the order of their starts. */
function sortedBoxes(rows: readonly RunRow[]): Pick<RunOfBoxes, 'count' | 'start' | 'end'> {
  const [starts, ends, counts] = [
    rows.flatMap((row) => row.starts),
    rows.flatMap((row) => row.ends),
    rows.flatMap((row) => row.counts),
  ]
  const order = Uint32Array.from(starts, (_, i) => i).toSorted(
    (a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || (ends[a] ?? 0) - (ends[b] ?? 0),
  )
  const inOrder = (values: readonly number[]): number[] => Array.from(order, (i) => values[i] ?? 0)
  return { count: inOrder(counts), start: inOrder(starts), end: inOrder(ends) }
}

const floatBytes = 4
const headLengthBytes = 4

/** The same as bytes: the head has, in the place of a run's numbers, how many there are. */
export function toBytes(answer: { readonly runs: readonly RunOfBoxes[] }): Uint8Array {
  const { runs, ...others } = answer
  const head = Buffer.from(
    JSON.stringify({
      ...others,
      runs: runs.map(({ lane, start, state }) => ({ lane, state, boxes: start.length })),
    }),
  )
  const offset = Math.ceil((headLengthBytes + head.length) / floatBytes) * floatBytes
  const boxes = runs.reduce((sum, { start }) => sum + start.length, 0)
  const bytes = new Uint8Array(offset + boxes * 3 * floatBytes).fill(32, 0, offset)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, head.length, true)
  bytes.set(head, headLengthBytes)
  let at = offset
  for (const { count, end, start } of runs) {
    for (const column of [count, start, end]) {
      for (const value of column) {
        view.setFloat32(at, value, true)
        at += floatBytes
      }
    }
  }
  return bytes
}
