// When spans took how long: time from left to right, length upwards, the darker the more. A field or
// an area that is chosen is compared with all the rest.
import { useRef } from 'preact/hooks'
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { type BucketedTable, bucketsOf } from '../charts/buckets.ts'
import { formatCount, formatDuration, formatTime } from '../format.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { adjust, state } from '../view-state.ts'

const buckets = 100
const rowHeight = 7
const width = 1000

/** The chosen area: buckets of time and lengths, both ends included. */
interface Area {
  readonly fromNs: bigint
  readonly toNs: bigint
  readonly shortestNs: number
  readonly longestNs: number
}

/** The picture, and what differs in what was chosen of it. */
export function Heat({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const answered = useAnswer<BucketedTable>('heat', { ...asked, buckets: String(buckets) })
  return (
    <Shown answered={answered} what="when spans took how long">
      {(table) =>
        table.rows.length === 0 ? null : (
          <>
            <Picture table={table} />
            <Differences asked={asked} />
            <Sql sql={table.sql} />
          </>
        )
      }
    </Shown>
  )
}

function stepOf(row: Row): number {
  return Math.round(Math.log2(Number(row['shortest_ns'])) * 2)
}

function Picture({ table }: { readonly table: BucketedTable }) {
  const { rows } = table
  const svg = useRef<SVGSVGElement>(null)
  const pressed = useRef<{ readonly bucket: number; readonly step: number } | undefined>(undefined)
  const steps = rows.map(stepOf)
  const [lowest, highest] = [Math.min(...steps), Math.max(...steps)]
  const height = (highest - lowest + 1) * rowHeight
  const most = Math.max(...rows.map((row) => Number(row['spans'])))
  const { fromNs, stepNs } = bucketsOf(table)
  const placeOf = (event: PointerEvent): { readonly bucket: number; readonly step: number } => ({
    bucket: Math.floor((event.offsetX / (svg.current?.clientWidth ?? 1)) * buckets),
    step:
      highest -
      Math.floor((event.offsetY / (svg.current?.clientHeight ?? 1)) * (highest - lowest + 1)),
  })
  const choose = (event: PointerEvent): void => {
    const from = pressed.current
    const to = placeOf(event)
    pressed.current = undefined
    if (from === undefined) return
    const [first, last] = [Math.min(from.bucket, to.bucket), Math.max(from.bucket, to.bucket)]
    const [short, long] = [Math.min(from.step, to.step), Math.max(from.step, to.step)]
    const begin = fromNs + stepNs * BigInt(first)
    const end = fromNs + stepNs * BigInt(last + 1)
    adjust({
      heat: `${begin}-${end}-${Math.floor(2 ** (short / 2))}-${Math.ceil(2 ** ((long + 1) / 2))}`,
    })
  }
  return (
    <figure class="chart">
      <figcaption>
        When spans took how long <span class="key busy">spans</span>
        <span class="key bad">with errors</span>
        <span class="quiet value">
          {formatDuration(2 ** (lowest / 2))} to {formatDuration(2 ** ((highest + 1) / 2))}, up to{' '}
          {formatCount(most)} in a field; drag to ask what differs there
        </span>
      </figcaption>
      <svg
        ref={svg}
        class="heat"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        style={{ height: `${Math.max(60, height)}px` }}
        role="img"
        aria-label={`When spans took how long: ${formatDuration(2 ** (lowest / 2))} to ${formatDuration(2 ** ((highest + 1) / 2))}`}
        onPointerDown={(event) => (pressed.current = placeOf(event))}
        onPointerUp={choose}
      >
        {rows.map((row) => (
          <rect
            class={Number(row['errors']) > 0 ? 'bad' : 'busy'}
            x={(Number(row['bucket']) * width) / buckets}
            y={(highest - stepOf(row)) * rowHeight}
            width={width / buckets}
            height={rowHeight}
            opacity={0.25 + 0.75 * (Math.log1p(Number(row['spans'])) / Math.log1p(most))}
          >
            <title>
              {`${formatTime(row['at'])}: ${formatCount(Number(row['spans']))} from ${formatDuration(Number(row['shortest_ns']))}, ${formatCount(Number(row['errors']))} errors`}
            </title>
          </rect>
        ))}
      </svg>
    </figure>
  )
}

function areaOf(text: string): Area | undefined {
  const found = /^(\d{1,19})-(\d{1,19})-(\d{1,15})-(\d{1,16})$/.exec(text)
  if (found === null) return undefined
  const [, from = '', to = '', short = '', long = ''] = found
  return {
    fromNs: BigInt(from),
    toNs: BigInt(to),
    shortestNs: Number(short),
    longestNs: Number(long),
  }
}

function Differences({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const area = areaOf(state.value.heat)
  const answered = useAnswer<Table>(
    area === undefined ? '' : 'differences',
    area === undefined
      ? {}
      : {
          ...asked,
          fromNs: String(area.fromNs),
          toNs: String(area.toNs),
          shortestNs: String(area.shortestNs),
          longestNs: String(area.longestNs),
          limit: '30',
        },
  )
  if (area === undefined) return null
  return (
    <section aria-label="What differs here">
      <h2>
        What differs here{' '}
        <small>
          spans from {formatDuration(area.shortestNs)} to {formatDuration(area.longestNs)}, against
          all others{' '}
          <button type="button" onClick={() => adjust({ heat: '' })}>
            close
          </button>
        </small>
      </h2>
      <Shown answered={answered} what="what differs">
        {(table) => <SortedTable table={table} />}
      </Shown>
    </section>
  )
}
