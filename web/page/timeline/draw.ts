// Draws the lanes that are seen. Of a lock the upper half is who holds it (green; yellow while
// others wait), the lower who waits (red). What is hot: all boxes of the lanes that are seen, in
// every frame while panning; neighbours of a colour that are no wider than some pixels become one
// rectangle, which keeps 96,000 boxes within a frame (docs/performance.md).
import { formatCount, formatDuration, formatMoment } from '../format.ts'
import type { Boxes, LaneOfBoxes, Run } from './lanes.ts'
import { ticksOf, type TimeView } from './view.ts'

/** Pixels. */
export const laneHeight = 26
/** Pixels of the ruler. */
export const rulerHeight = 22

/** The colours of boxes, light and dark alike. */
export const colours: Readonly<Record<string, string>> = {
  alive: '#8d99a8',
  log: '#8fa3bf',
  log_warning: '#d99a1c',
  log_error: '#c0392b',
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

/** An arrow from who waits to who holds. */
export interface Arrow {
  readonly fromKey: string
  readonly toKey: string
  readonly waitNs: bigint
  readonly holdNs: bigint
  readonly isChosen: boolean
}

/** What is drawn. */
export interface Drawing {
  readonly boxes: Boxes
  readonly lanes: readonly LaneOfBoxes[]
  readonly view: TimeView
  /** Pixels that are scrolled away above. */
  readonly top: number
  readonly arrows: readonly Arrow[]
  readonly area: TimeView | undefined
  readonly chosen:
    | { readonly key: string; readonly fromNs: bigint; readonly toNs: bigint }
    | undefined
}

/** Draws all that is seen; boxes that are too small to be seen are a pixel wide. */
export function draw(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const ratio = devicePixelRatio || 1
  const { clientHeight: height, clientWidth: width } = canvas
  const size = { width: Math.max(1, Math.round(width * ratio)), height: Math.round(height * ratio) }
  // Setting a size clears the canvas and takes its memory anew, even where it is the same.
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size)
  const pen = canvas.getContext('2d', { alpha: false })
  if (pen === null) return
  const { backgroundColor: paper, color: ink } = getComputedStyle(canvas)
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.fillStyle = paper
  pen.fillRect(0, 0, width, height)
  const first = Math.max(0, Math.floor(drawing.top / laneHeight))
  const last = Math.min(drawing.lanes.length, first + Math.ceil(height / laneHeight) + 1)
  pen.save()
  pen.beginPath()
  pen.rect(0, rulerHeight, width, height)
  pen.clip()
  for (let row = first; row < last; row++) {
    const lane = drawing.lanes[row]
    const y = rulerHeight + row * laneHeight - drawing.top
    if (lane !== undefined) drawLane(pen, drawing, lane, { y, width, ink, paper })
  }
  drawArrows(pen, drawing, width, ink)
  drawArea(pen, drawing, { width, height, ink })
  pen.restore()
  drawRuler(pen, drawing.view, { width, height, ink })
}

interface Place {
  readonly y: number
  readonly width: number
  readonly ink: string
  readonly paper: string
}

function drawLane(
  pen: CanvasRenderingContext2D,
  { boxes, chosen, view }: Drawing,
  { key, runs }: LaneOfBoxes,
  { ink, paper, width, y }: Place,
): void {
  const scale = width / Number(view.toNs - view.fromNs)
  const offset = Number(boxes.fromNs - view.fromNs) * scale
  const unit = boxes.unitNs * scale
  pen.fillStyle = ink
  pen.globalAlpha = 0.12
  pen.fillRect(0, y + laneHeight - 1, width, 1)
  pen.globalAlpha = 1
  const isDivided = runs.some(({ isLower }) => isLower)
  for (const run of runs) {
    const isMark = run.look.startsWith('log')
    const top = y + (run.isLower ? laneHeight / 2 : 2)
    const height = isDivided ? laneHeight / 2 - 3 : isMark ? laneHeight - 8 : laneHeight - 6
    pen.fillStyle = colours[run.look] ?? ink
    fillRun(pen, run, { top, height, offset, unit, unitNs: boxes.unitNs, width, paper })
  }
  if (chosen?.key === key) {
    const left = Number(chosen.fromNs - view.fromNs) * scale
    const length = Math.max(3, Number(chosen.toNs - chosen.fromNs) * scale)
    pen.strokeStyle = ink
    pen.lineWidth = 2
    pen.strokeRect(left - 1, y + 1, length + 2, laneHeight - 3)
  }
}

interface RunPlace {
  readonly top: number
  readonly height: number
  readonly offset: number
  /** Pixels of a unit, and its nanoseconds. */
  readonly unit: number
  readonly unitNs: number
  readonly width: number
  readonly paper: string
}

/** From this width on a box stands for itself. */
const ownWidth = 3
const labelWidth = 46

function fillRun(pen: CanvasRenderingContext2D, run: Run, place: RunPlace): void {
  const { height, offset, paper, top, unit, width } = place
  const { count, end, start } = run
  const colour = pen.fillStyle
  let left = 1
  let right = 0
  for (let i = 0; i < start.length; i++) {
    const from = (start[i] ?? 0) * unit + offset
    const to = (end[i] ?? 0) * unit + offset
    if (to < 0 || from > width) continue
    if (to - from >= ownWidth) {
      const seenFrom = Math.max(0, from)
      const seen = Math.min(to, width) - seenFrom
      // A hair between it and its neighbour.
      pen.fillRect(seenFrom, top, Math.max(1, seen - 0.5), height)
      const isOverlapped = (start[i + 1] ?? Infinity) < (end[i] ?? 0)
      if (seen > labelWidth && height > 8 && !isOverlapped) {
        pen.fillStyle = paper
        pen.font = '10px system-ui, sans-serif'
        pen.textBaseline = 'middle'
        const many = count[i] ?? 1
        const length = formatDuration(((to - from) / unit) * place.unitNs)
        pen.fillText(
          many > 1 ? `${formatCount(many)} ×` : length,
          seenFrom + 3,
          top + height / 2,
          seen - 6,
        )
        pen.fillStyle = colour
      }
      continue
    }
    if (from <= right + 0.25 && left <= right) {
      right = Math.max(right, to, from + 1)
      continue
    }
    if (left <= right) pen.fillRect(left, top, right - left, height)
    left = from
    right = Math.max(to, from + 1)
  }
  if (left <= right) pen.fillRect(left, top, right - left, height)
}

function drawRuler(
  pen: CanvasRenderingContext2D,
  view: TimeView,
  { height, ink, width }: Readonly<Record<'height' | 'width', number>> & { readonly ink: string },
): void {
  const { at, stepNs } = ticksOf(view, width)
  const scale = width / Number(view.toNs - view.fromNs)
  pen.font = '11px system-ui, sans-serif'
  pen.textBaseline = 'middle'
  pen.fillStyle = ink
  for (const ns of at) {
    const x = Number(ns - view.fromNs) * scale
    pen.globalAlpha = 0.12
    pen.fillRect(x, 0, 1, height)
    pen.globalAlpha = 0.85
    pen.fillText(formatMoment(ns, stepNs), x + 4, rulerHeight / 2)
  }
  pen.globalAlpha = 1
}

/** From the wait, in the lower half, to the hold, in the upper. */
function drawArrows(
  pen: CanvasRenderingContext2D,
  { arrows, lanes, top, view }: Drawing,
  width: number,
  ink: string,
): void {
  const rows = new Map(lanes.map(({ key }, row) => [key, row]))
  const scale = width / Number(view.toNs - view.fromNs)
  for (const { fromKey, holdNs, isChosen, toKey, waitNs } of arrows) {
    const from = rows.get(fromKey)
    const to = rows.get(toKey)
    if (from === undefined || to === undefined) continue
    const x = Number(waitNs - view.fromNs) * scale
    const target = Math.max(-20, Number(holdNs - view.fromNs) * scale)
    if (Math.max(x, target) < 0 || Math.min(x, target) > width) continue
    const y = rulerHeight + from * laneHeight - top + laneHeight * 0.7
    const targetY = rulerHeight + to * laneHeight - top + laneHeight * 0.3
    pen.strokeStyle = ink
    pen.fillStyle = ink
    pen.globalAlpha = isChosen ? 1 : 0.5
    pen.lineWidth = isChosen ? 2 : 1
    pen.beginPath()
    pen.moveTo(x, y)
    pen.bezierCurveTo(x - 14, y, target + 14, targetY, target + 3, targetY)
    pen.stroke()
    pen.beginPath()
    pen.moveTo(target, targetY)
    pen.lineTo(target + 6, targetY - 3.5)
    pen.lineTo(target + 6, targetY + 3.5)
    pen.fill()
  }
  pen.globalAlpha = 1
}

function drawArea(
  pen: CanvasRenderingContext2D,
  { area, view }: Drawing,
  { height, ink, width }: Readonly<Record<'height' | 'width', number>> & { readonly ink: string },
): void {
  if (area === undefined) return
  const scale = width / Number(view.toNs - view.fromNs)
  const left = Number(area.fromNs - view.fromNs) * scale
  const length = Number(area.toNs - area.fromNs) * scale
  pen.fillStyle = ink
  pen.globalAlpha = 0.1
  pen.fillRect(left, rulerHeight, length, height)
  pen.globalAlpha = 0.7
  pen.fillRect(left, rulerHeight, 1, height)
  pen.fillRect(left + length, rulerHeight, 1, height)
  pen.globalAlpha = 1
}
