// The canvas, and what people do with it: the wheel zooms, dragging pans, dragging with Shift
// chooses an area, a click chooses a box, keys do all of it.
import { useEffect, useRef } from 'preact/hooks'
import { formatCount, formatDuration, formatMoment } from '../format.ts'
import { adjust, state } from '../view-state.ts'
import { type Block, toHolder, toWaiter } from './blocks.ts'
import { type Arrow, draw, laneHeight, rulerHeight } from './draw.ts'
import { type Boxes, hitOf, type LaneOfBoxes } from './lanes.ts'
import { pan, parseArea, type TimeView, zoom } from './view.ts'
import type { SetView } from './use-boxes.ts'

/** What the canvas needs. */
export interface PlotParts {
  readonly boxes: Boxes
  readonly lanes: readonly LaneOfBoxes[]
  readonly view: TimeView
  readonly setView: SetView
  readonly blocks: readonly Block[]
  readonly scroller: { readonly current: HTMLDivElement | null }
  readonly setHover: (text: string) => void
}

/** The boxes. */
export function Plot(parts: PlotParts) {
  const { boxes, lanes, setHover, setView, view } = parts
  const canvas = useRef<HTMLCanvasElement>(null)
  const dragged = useRef({ from: 0, x: 0, isArea: false, isMoved: false })
  useDrawing(canvas, parts)
  useWheel(canvas, setView)
  const placeOf = (event: MouseEvent): { ns: bigint; row: number; isLower: boolean } => {
    const { clientWidth } = canvas.current ?? { clientWidth: 1 }
    const y = event.offsetY - rulerHeight + (parts.scroller.current?.scrollTop ?? 0)
    const nanoseconds = (Number(view.toNs - view.fromNs) * event.offsetX) / clientWidth
    return {
      ns: view.fromNs + BigInt(Math.round(nanoseconds)),
      row: Math.floor(y / laneHeight),
      isLower: y % laneHeight > laneHeight / 2,
    }
  }
  const slackNs = (Number(view.toNs - view.fromNs) * 3) / (canvas.current?.clientWidth ?? 1500)
  const move = (event: PointerEvent): void => {
    const place = placeOf(event)
    if (event.buttons === 1) {
      const drag = dragged.current
      if (Math.abs(event.offsetX - drag.from) > 3) drag.isMoved = true
      if (drag.isArea) chooseArea(view, drag.from, event.offsetX, canvas.current)
      else if (drag.isMoved) {
        const share = (drag.x - event.offsetX) / (canvas.current?.clientWidth ?? 1)
        setView((now) => pan(now, share))
      }
      drag.x = event.offsetX
      return
    }
    const lane = lanes[place.row]
    const hit = lane === undefined ? undefined : hitIn(boxes, lane, { ...place, slackNs })
    setHover(
      hit === undefined
        ? ''
        : `${hit.look.replaceAll('_', ' ')}${hit.count > 1 ? ` × ${formatCount(hit.count)}` : ''}, ${formatDuration(hit.lengthNs)}, from ${formatMoment(hit.fromNs, 1000)}`,
    )
  }
  const choose = (event: MouseEvent): void => {
    if (dragged.current.isMoved) return
    const { isLower, ns, row } = placeOf(event)
    const lane = lanes[row]
    if (lane === undefined) return
    const half = isLower && lane.runs.some((run) => run.isLower) ? 'lower' : ''
    adjust({ lane: lane.key, at: String(ns), pick: half, area: '' })
  }
  return (
    <div class="plot" style={{ height: `${rulerHeight + lanes.length * laneHeight}px` }}>
      <canvas
        ref={canvas}
        class="timeline"
        tabIndex={0}
        role="application"
        aria-label={describe(lanes)}
        onPointerDown={(event) => {
          const { offsetX, shiftKey } = event
          dragged.current = { from: offsetX, x: offsetX, isArea: shiftKey, isMoved: false }
          event.currentTarget.setPointerCapture(event.pointerId)
        }}
        onPointerMove={move}
        onPointerLeave={() => setHover('')}
        onClick={choose}
        onKeyDown={(event) => press(event, parts)}
      />
    </div>
  )
}

/** Of a lane with one half, that half, wherever the pointer is. */
function hitIn(
  boxes: Boxes,
  lane: LaneOfBoxes,
  at: { readonly ns: bigint; readonly slackNs: number; readonly isLower: boolean },
): ReturnType<typeof hitOf> {
  return hitOf(boxes, lane, at) ?? hitOf(boxes, lane, { ...at, isLower: !at.isLower })
}

function chooseArea(
  view: TimeView,
  fromX: number,
  toX: number,
  canvas: HTMLCanvasElement | null,
): void {
  const scale = Number(view.toNs - view.fromNs) / (canvas?.clientWidth ?? 1)
  const at = (x: number): bigint => view.fromNs + BigInt(Math.round(Math.max(0, x) * scale))
  adjust({ area: `${at(Math.min(fromX, toX))}-${at(Math.max(fromX, toX))}`, pick: '', at: '' })
}

const changes: Readonly<Record<string, (view: TimeView) => TimeView>> = {
  w: (view) => zoom(view, 0.7, 0.5),
  s: (view) => zoom(view, 1 / 0.7, 0.5),
  a: (view) => pan(view, -0.2),
  d: (view) => pan(view, 0.2),
  arrowleft: (view) => pan(view, -0.2),
  arrowright: (view) => pan(view, 0.2),
  '+': (view) => zoom(view, 0.7, 0.5),
  '-': (view) => zoom(view, 1 / 0.7, 0.5),
}

function press(event: KeyboardEvent, { blocks, lanes, setView, view }: PlotParts): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const key = event.key.toLowerCase()
  const change = changes[key]
  if (change !== undefined) setView(change)
  else if (key === 'f') adjust({ from: '', to: '', since: '' })
  else if (key === ']' || key === '[') {
    const found = key === ']' ? toHolder(blocks) : toWaiter(blocks)
    const ns = key === ']' ? found?.holdFromNs : found?.waitFromNs
    if (ns !== undefined) setView((now) => reaching(now, ns))
  } else if (key === 'escape') adjust({ lane: '', at: '', pick: '', area: '' })
  else if (key === 'arrowdown' || key === 'arrowup') {
    const row = lanes.findIndex((lane) => lane.key === state.value.lane)
    const next = lanes[key === 'arrowdown' ? row + 1 : Math.max(0, row - 1)]
    if (next !== undefined) adjust({ lane: next.key, at: '', pick: '' })
  } else if (key === 'enter') {
    adjust({ at: String((view.fromNs + view.toNs) / 2n), pick: '' })
  } else return
  event.preventDefault()
}

/** A view of the same length in which a moment is seen. */
function reaching(view: TimeView, ns: bigint): TimeView {
  if (ns >= view.fromNs && ns < view.toNs) return view
  const length = view.toNs - view.fromNs
  const from = ns - length / 3n
  return { fromNs: from < 0n ? 0n : from, toNs: (from < 0n ? 0n : from) + length }
}

/** The wheel is not passive: the page must not scroll as well. */
function useWheel(canvas: { readonly current: HTMLCanvasElement | null }, setView: SetView): void {
  useEffect(() => {
    const element = canvas.current
    const wheel = (event: WheelEvent): void => {
      event.preventDefault()
      const place = event.offsetX / (element?.clientWidth ?? 1)
      const amount = event.shiftKey ? event.deltaY : event.deltaX
      setView((now) =>
        amount !== 0 ? pan(now, amount / 1000) : zoom(now, Math.exp(event.deltaY / 400), place),
      )
    }
    element?.addEventListener('wheel', wheel, { passive: false })
    return () => element?.removeEventListener('wheel', wheel)
  }, [])
}

/** Draws in the next frame whenever something has changed, also while lanes scroll. */
function useDrawing(
  canvas: { readonly current: HTMLCanvasElement | null },
  { blocks, boxes, lanes, scroller, view }: PlotParts,
): void {
  const { area, at, lane, pick } = state.value
  useEffect(() => {
    const redraw = (): void => {
      if (canvas.current === null) return
      const arrows = arrowsOf(blocks, pick, view, canvas.current.clientWidth)
      const chosenBlock = blocks.find(({ holdSpanId, waitSpanId }) =>
        [holdSpanId, waitSpanId].includes(pick),
      )
      draw(canvas.current, {
        boxes,
        lanes,
        view,
        top: scroller.current?.scrollTop ?? 0,
        arrows,
        area: parseArea(area),
        chosen: chosenOf(lane, at, chosenBlock, pick),
      })
    }
    const frame = requestAnimationFrame(redraw)
    addEventListener('resize', redraw)
    scroller.current?.addEventListener('scroll', redraw)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('resize', redraw)
      scroller.current?.removeEventListener('scroll', redraw)
    }
  }, [boxes, lanes, view, blocks, area, at, lane, pick])
}

function chosenOf(
  key: string,
  at: string,
  block: Block | undefined,
  pick: string,
): { readonly key: string; readonly fromNs: bigint; readonly toNs: bigint } | undefined {
  if (!/^\d{1,19}$/.test(at)) return undefined
  const fromNs = BigInt(at)
  const lengthNs = block === undefined ? 0 : pick === block.waitSpanId ? block.waitNs : block.holdNs
  return { key, fromNs, toNs: fromNs + BigInt(lengthNs) }
}

/** A shorter wait has no arrow, and more would hide what they point at. */
const arrowPixels = 60
const arrowsMax = 25

/** Those that are long enough to be seen, and the chosen one. */
function arrowsOf(
  blocks: readonly Block[],
  pick: string,
  view: TimeView,
  width: number,
): readonly Arrow[] {
  const pixelNs = Number(view.toNs - view.fromNs) / width
  let shown = 0
  return blocks.flatMap((block) => {
    const isChosen = pick !== '' && [block.waitSpanId, block.holdSpanId].includes(pick)
    if (!isChosen && (block.waitNs < pixelNs * arrowPixels || shown++ > arrowsMax)) return []
    const { holdFromNs, holdKey, waitFromNs, waitKey } = block
    return { fromKey: waitKey, toKey: holdKey, waitNs: waitFromNs, holdNs: holdFromNs, isChosen }
  })
}

/** A sentence for those who cannot see the picture. */
function describe(lanes: readonly LaneOfBoxes[]): string {
  let count = 0
  for (const { runs } of lanes) {
    for (const run of runs) for (let i = 0; i < run.count.length; i++) count += run.count[i] ?? 0
  }
  return `Timeline: ${lanes.length} lanes with ${formatCount(count)} holds, waits, items, runs, spans and records. W and S zoom, A and D pan, F fits, brackets jump between waiter and holder`
}
