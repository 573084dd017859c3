// Lanes of locks, queues, jobs and spans over time. Wheel zooms, drag pans, W A S D do both, F fits.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Lane, Table, TimelineData } from './ask.ts'
import { Shown, Sql, useAnswer } from './answered.tsx'
import { formatDuration, formatTime, visible } from './format.ts'
import {
  describe,
  draw,
  type Drawing,
  laneHeight,
  laneKey,
  rulerHeight,
  titleOf,
} from './timeline-canvas.ts'
import { pan, type TimeView, zoom } from './timeline-view.ts'
import { adjust, show, state, windowOf } from './view-state.ts'

/** Lanes that are drawn; the rest is found by its name. */
const lanesMax = 200
/** How long the view rests before finer data are asked for. */
const restMs = 150

/** The page with the timeline. */
export function Timeline() {
  const width = Math.min(8000, Math.max(200, innerWidth - 24))
  const answered = useAnswer<TimelineData>('timeline', {
    ...windowOf(state.value),
    width: String(width),
  })
  return (
    <Shown answered={answered} what="the timeline">
      {(data) =>
        data.lanes.length === 0 ? (
          <p class="empty">
            Nothing was held, waited for or run here. A longer time range may have some.
          </p>
        ) : (
          <Lanes data={data} />
        )
      }
    </Shown>
  )
}

interface Moment {
  readonly lane: Lane
  readonly atNs: bigint
}

function Lanes({ data }: { readonly data: TimelineData }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [view, setView] = useState<TimeView>(wholeOf(data))
  const [filter, setFilter] = useState('')
  const [chosen, setChosen] = useState<Moment | undefined>(undefined)
  const selected = state.value.lane
  const order = orderOf(data, filter, selected)
  useEffect(() => setView(wholeOf(data)), [data])
  useDrawing(canvas, { data, order, view, selected: selectedKey(data, selected) })
  useAddress(view, data)
  const widthOf = (): number => canvas.current?.clientWidth ?? 1
  const wheel = (event: WheelEvent): void => {
    event.preventDefault()
    const place = event.offsetX / widthOf()
    setView((now) =>
      event.shiftKey
        ? pan(now, event.deltaY / 1000)
        : zoom(now, Math.exp(event.deltaY / 400), place),
    )
  }
  const drag = (event: PointerEvent): void => {
    if (event.buttons === 1) setView((now) => pan(now, -event.movementX / widthOf()))
  }
  const choose = (event: MouseEvent): void => {
    const lane = data.lanes[order[Math.floor((event.offsetY - rulerHeight) / laneHeight)] ?? -1]
    if (lane === undefined) return
    const afterNs = (Number(view.toNs - view.fromNs) * event.offsetX) / widthOf()
    setChosen({ lane, atNs: view.fromNs + BigInt(Math.round(afterNs)) })
  }
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const key = event.key.toLowerCase()
    if (key === 'f') show({ from: '', to: '', since: '' })
    const change = keys[key]
    if (change !== undefined) setView(change)
  }
  return (
    <>
      <Tools data={data} filter={filter} setFilter={setFilter} laneCount={order.length} />
      <canvas
        ref={canvas}
        class="timeline"
        tabIndex={0}
        role="img"
        aria-label={describe(data)}
        onWheel={wheel}
        onPointerMove={drag}
        onClick={choose}
        onKeyDown={press}
      />
      {chosen !== undefined && (
        <Chosen lane={chosen.lane} atNs={chosen.atNs} slackNs={(view.toNs - view.fromNs) / 500n} />
      )}
      <Sql sql={data.sql} />
    </>
  )
}

function wholeOf({ from_ns: fromNs, to_ns: toNs }: TimelineData): TimeView {
  return { fromNs: BigInt(fromNs), toNs: BigInt(toNs) }
}

/** Draws in the next frame, and when the window changes. */
function useDrawing(
  canvas: { readonly current: HTMLCanvasElement | null },
  drawing: Omit<Drawing, 'ink' | 'paper'>,
): void {
  const { data, order, selected, view } = drawing
  useEffect(() => {
    const redraw = (): void => {
      if (canvas.current === null) return
      const { backgroundColor, color } = getComputedStyle(canvas.current)
      draw(canvas.current, { ...drawing, ink: color, paper: backgroundColor })
    }
    const frame = requestAnimationFrame(redraw)
    addEventListener('resize', redraw)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('resize', redraw)
    }
  }, [data, view, selected, order.join()])
}

/** When the view rests it goes into the address, and finer boxes are asked for. */
function useAddress(view: TimeView, data: TimelineData): void {
  useEffect(() => {
    const whole = wholeOf(data)
    if (view.fromNs === whole.fromNs && view.toNs === whole.toNs) return undefined
    const rest = setTimeout(
      () => adjust({ since: '', from: rfc3339(view.fromNs), to: rfc3339(view.toNs) }),
      restMs,
    )
    return () => clearTimeout(rest)
  }, [view])
}

function Tools({
  data,
  filter,
  setFilter,
  laneCount,
}: {
  readonly data: TimelineData
  readonly filter: string
  readonly setFilter: (filter: string) => void
  readonly laneCount: number
}) {
  return (
    <p class="tools">
      <input
        type="search"
        placeholder="Find a lane"
        aria-label="Find a lane"
        value={filter}
        onInput={(event) => setFilter(event.currentTarget.value)}
      />
      <Legend />
      <span class="quiet">
        {describe(data)}
        {data.isCut ? '; cut: zoom in to see all' : ''}
        {laneCount === lanesMax ? `; the first ${lanesMax} lanes are shown` : ''}. Wheel or W/S
        zooms, drag or A/D pans, F fits.
      </span>
    </p>
  )
}

const keys: Readonly<Record<string, (view: TimeView) => TimeView>> = {
  w: (view) => zoom(view, 0.7, 0.5),
  s: (view) => zoom(view, 1 / 0.7, 0.5),
  a: (view) => pan(view, -0.2),
  d: (view) => pan(view, 0.2),
  arrowleft: (view) => pan(view, -0.2),
  arrowright: (view) => pan(view, 0.2),
}

/** A lane may be chosen by its whole key or by the name of what is wrong. */
function selectedKey({ lanes }: TimelineData, selected: string): string {
  if (selected === '') return ''
  const found = lanes.find((lane) => laneKey(lane) === selected || lane.name === selected)
  return found === undefined ? '' : laneKey(found)
}

/** What was chosen first, then what was waited for longest, then what was busy longest. */
function orderOf(
  { boxes, lanes, states }: TimelineData,
  filter: string,
  selected: string,
): readonly number[] {
  const waiting = new Set([states.indexOf('waiting'), states.indexOf('queued')])
  const waited = Array.from(lanes, () => 0)
  const busy = Array.from(lanes, () => 0)
  for (let i = 0; i < boxes.lane.length; i++) {
    const sums = waiting.has(boxes.state[i] ?? -1) ? waited : busy
    const lane = boxes.lane[i] ?? 0
    sums[lane] = (sums[lane] ?? 0) + (boxes.end[i] ?? 0) - (boxes.start[i] ?? 0)
  }
  const isChosen = (lane: number): boolean =>
    selected !== '' && (lanes[lane]?.name === selected || laneKey(lanes[lane] as Lane) === selected)
  const wanted = filter.toLowerCase()
  return lanes
    .map((_, lane) => lane)
    .filter((lane) =>
      titleOf(lanes[lane] as Lane)
        .toLowerCase()
        .includes(wanted),
    )
    .toSorted(
      (a, b) =>
        Number(isChosen(b)) - Number(isChosen(a)) ||
        (waited[b] ?? 0) - (waited[a] ?? 0) ||
        (busy[b] ?? 0) - (busy[a] ?? 0),
    )
    .slice(0, lanesMax)
}

function Legend() {
  const names = {
    held: 'held',
    contended: 'held while others wait',
    waiting: 'waits',
    queued: 'queued',
    processing: 'runs',
    span: 'span',
    error: 'error, failed',
  }
  return (
    <span class="legend">
      {Object.entries(names).map(([key, name]) => (
        <span class={`key ${key}`}>{name}</span>
      ))}
    </span>
  )
}

function Chosen({
  lane,
  atNs,
  slackNs,
}: {
  readonly lane: Lane
  readonly atNs: bigint
  readonly slackNs: bigint
}) {
  const answered = useAnswer<Table>('intervals', {
    kind: lane.kind,
    service: lane.service,
    name: lane.name,
    fromNs: String(atNs - slackNs < 0n ? 0n : atNs - slackNs),
    toNs: String(atNs + slackNs),
  })
  return (
    <section class="chosen" aria-label="What was there">
      <h2>
        {titleOf(lane)} <small>around {rfc3339(atNs)}</small>
      </h2>
      <Shown answered={answered} what="what was there">
        {({ rows, sql }) => (
          <>
            <table>
              <thead>
                <tr>
                  <th>State</th>
                  <th>What</th>
                  <th>Began (UTC)</th>
                  <th>Took</th>
                  <th>Who</th>
                  <th>Holder when asked</th>
                  <th>Trace</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr>
                    <td>
                      <span class={`key ${String(row['state'])}`}>{String(row['state'])}</span>
                    </td>
                    <td>{visible(String(row['title']))}</td>
                    <td>{formatTime(row['started_at'], 6)}</td>
                    <td class="number">{formatDuration(Number(row['duration_ns']))}</td>
                    <td>{visible(String(row['who']))}</td>
                    <td>{visible(String(row['holder']))}</td>
                    <td>
                      {row['trace_id'] !== '' && (
                        <button
                          type="button"
                          class="link"
                          onClick={() => show({ view: 'traces', trace: String(row['trace_id']) })}
                        >
                          open
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {rows.length === 0 && <p class="empty">Nothing was there at this moment.</p>}
            <Sql sql={sql} />
          </>
        )}
      </Shown>
    </section>
  )
}

function rfc3339(ns: bigint): string {
  const iso = new Date(Number(ns / 1_000_000n)).toISOString()
  return `${iso.slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}
