// Draws lanes of boxes. Of a lock the upper half is who holds it (green; yellow while others wait),
// the lower who waits (red).
import type { Lane, TimelineData } from './ask.ts'
import { formatCount, formatMoment, visible } from './format.ts'
import { ticksOf, type TimeView } from './timeline-view.ts'

/** Pixels. */
export const laneHeight = 26
/** Pixels of the ruler. */
export const rulerHeight = 22

/** The colours of boxes, by state, light and dark alike. */
export const colours: Readonly<Record<string, string>> = {
  span: '#7a93b8',
  held: '#3c9d5b',
  contended: '#e0a912',
  processing: '#3b82c4',
  running: '#3b82c4',
  queued: '#a88bd0',
  waiting: '#d64545',
  error: '#c0392b',
  failed: '#c0392b',
}

/** The lower half of a lane is for those who wait. */
const lower = new Set(['waiting', 'queued'])

/** What is drawn. */
export interface Drawing {
  readonly data: TimelineData
  /** The places of lanes in the data, in the order in which they are shown. */
  readonly order: readonly number[]
  readonly view: TimeView
  readonly selected: string
  readonly ink: string
  readonly paper: string
}

/** A lane as a text, for the address. */
export function laneKey({ kind, service, name }: Lane): string {
  return `${kind}:${service}:${name}`
}

/** Draws all that is seen; boxes that are too small to be seen are a pixel wide. */
export function draw(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const { data, order, view, ink, paper } = drawing
  const ratio = devicePixelRatio || 1
  const width = canvas.clientWidth
  const height = rulerHeight + order.length * laneHeight
  canvas.style.height = `${height}px`
  canvas.width = Math.max(1, Math.round(width * ratio))
  canvas.height = Math.round(height * ratio)
  const pen = canvas.getContext('2d')
  if (pen === null) return
  pen.scale(ratio, ratio)
  pen.fillStyle = paper
  pen.fillRect(0, 0, width, height)
  drawRuler(pen, drawing, width, height)
  const rows = new Map(order.map((lane, row) => [lane, row]))
  const offset = Number(BigInt(data.from_ns) - view.fromNs)
  const scale = width / Number(view.toNs - view.fromNs)
  const waits = waitsByLane(data)
  // The worse, the later: the worst colour wins where boxes share a pixel.
  for (let state = 0; state < data.states.length; state++) {
    const name = data.states[state] ?? ''
    for (let i = 0; i < data.boxes.lane.length; i++) {
      if (data.boxes.state[i] !== state) continue
      const row = rows.get(data.boxes.lane[i] ?? -1)
      if (row === undefined) continue
      const start = data.boxes.start[i] ?? 0
      const end = data.boxes.end[i] ?? 0
      const left = (start + offset) * scale
      const right = (end + offset) * scale
      if (right < 0 || left > width) continue
      const isContended =
        name === 'held' && overlaps(waits.get(data.boxes.lane[i] ?? -1), start, end)
      pen.fillStyle = colours[isContended ? 'contended' : name] ?? ink
      const top = rulerHeight + row * laneHeight + (lower.has(name) ? laneHeight / 2 + 1 : 3)
      pen.fillRect(
        Math.max(0, left),
        top,
        Math.max(1, Math.min(right, width) - Math.max(0, left)),
        laneHeight / 2 - 4,
      )
    }
  }
  drawNames(pen, drawing, width)
}

function drawRuler(
  pen: CanvasRenderingContext2D,
  { ink, view }: Drawing,
  width: number,
  height: number,
): void {
  const { at, stepNs } = ticksOf(view, width)
  const scale = width / Number(view.toNs - view.fromNs)
  pen.font = '11px system-ui, sans-serif'
  pen.textBaseline = 'middle'
  for (const ns of at) {
    const x = Number(ns - view.fromNs) * scale
    pen.fillStyle = ink
    pen.globalAlpha = 0.15
    pen.fillRect(x, 0, 1, height)
    pen.globalAlpha = 0.8
    pen.fillText(formatMoment(ns, stepNs), x + 4, rulerHeight / 2)
  }
  pen.globalAlpha = 1
}

/** Over the boxes, on a ground of their own, so that they can be read. */
function drawNames(
  pen: CanvasRenderingContext2D,
  { data, ink, order, paper, selected }: Drawing,
  width: number,
): void {
  pen.font = '12px system-ui, sans-serif'
  for (const [row, lane] of order.entries()) {
    const known = data.lanes[lane]
    if (known === undefined) continue
    const y = rulerHeight + row * laneHeight
    pen.globalAlpha = 0.2
    pen.fillStyle = ink
    pen.fillRect(0, y, width, 1)
    const text = titleOf(known)
    pen.globalAlpha = 0.82
    pen.fillStyle = paper
    pen.fillRect(2, y + 4, Math.min(pen.measureText(text).width + 8, width), laneHeight - 8)
    pen.globalAlpha = 1
    pen.fillStyle = ink
    if (laneKey(known) === selected) pen.font = 'bold 12px system-ui, sans-serif'
    pen.fillText(text, 6, y + laneHeight / 2)
    pen.font = '12px system-ui, sans-serif'
  }
}

/** The name of a lane as people read it. */
export function titleOf({ kind, service, name }: Lane): string {
  const text = kind === 'span' ? `spans · ${service}` : `${kind} ${name} · ${service}`
  return visible(text.length > 80 ? `${text.slice(0, 79)}…` : text)
}

interface Waits {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

function waitsByLane({ boxes, states }: TimelineData): Map<number, Waits> {
  const waiting = states.indexOf('waiting')
  const found = new Map<number, { starts: number[]; ends: number[] }>()
  for (let i = 0; i < boxes.lane.length; i++) {
    if (boxes.state[i] !== waiting) continue
    const lane = boxes.lane[i] ?? -1
    const known = found.get(lane) ?? { starts: [], ends: [] }
    // Sorted by start; the furthest end so far answers whether any that began before still waits.
    known.starts.push(boxes.start[i] ?? 0)
    known.ends.push(Math.max(known.ends.at(-1) ?? -Infinity, boxes.end[i] ?? 0))
    found.set(lane, known)
  }
  return found
}

function overlaps(waits: Waits | undefined, start: number, end: number): boolean {
  if (waits === undefined) return false
  let low = 0
  let high = waits.starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((waits.starts[middle] ?? 0) < end) low = middle + 1
    else high = middle
  }
  return low > 0 && (waits.ends[low - 1] ?? -Infinity) > start
}

/** A sentence for those who cannot see the picture. */
export function describe({ boxes, lanes }: TimelineData): string {
  const count = boxes.count.reduce((sum, one) => sum + one, 0)
  return `${lanes.length} lanes with ${formatCount(count)} holds, waits, items, runs and spans`
}
