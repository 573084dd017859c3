// Everything in a strip, with what is seen of it: a press or a drag goes there.
import { useRef } from 'preact/hooks'
import { useAnswer } from '../answered.tsx'
import type { Table } from '../ask.ts'
import { state } from '../view-state.ts'
import type { SetView } from './use-boxes.ts'
import type { TimeView } from './view.ts'

interface Activity extends Table {
  readonly from_ns: string
  readonly step_ns: string
  readonly buckets: number
}

/** The strip. */
export function Minimap({ setView, view }: { readonly view: TimeView; readonly setView: SetView }) {
  const { service } = state.value
  const { value } = useAnswer<Activity>('activity', { service, buckets: '300' })
  const svg = useRef<SVGSVGElement>(null)
  if (value === undefined) return <div class="minimap" />
  const fromNs = BigInt(value.from_ns)
  const lengthNs = BigInt(value.step_ns) * BigInt(value.buckets)
  const spans = sumsOf(value, 'spans')
  const waits = sumsOf(value, 'lock_wait_ns')
  const errors = sumsOf(value, 'span_errors')
  const placeOf = (ns: bigint): number => (300 * Number(ns - fromNs)) / Number(lengthNs)
  const left = placeOf(view.fromNs)
  const go = (event: PointerEvent): void => {
    if (event.buttons !== 1) return
    const { clientWidth = 1 } = svg.current ?? {}
    const middle = fromNs + BigInt(Math.round((Number(lengthNs) * event.offsetX) / clientWidth))
    setView((now) => {
      const length = now.toNs - now.fromNs
      const from = middle - length / 2n
      return { fromNs: from < 0n ? 0n : from, toNs: (from < 0n ? 0n : from) + length }
    })
  }
  return (
    <div class="minimap">
      <svg
        ref={svg}
        viewBox="0 0 300 30"
        preserveAspectRatio="none"
        role="img"
        aria-label="Everything that was reported; the frame is what is seen"
        onPointerDown={go}
        onPointerMove={go}
      >
        {spans.map((share, i) =>
          share > 0 ? (
            <rect
              x={i}
              y={20 - 18 * share}
              width={1}
              height={18 * share}
              class={(errors[i] ?? 0) > 0 ? 'bad' : 'busy'}
            />
          ) : null,
        )}
        {waits.map((share, i) =>
          share > 0 ? <rect x={i} y={21} width={1} height={9 * share} class="wait" /> : null,
        )}
        <rect
          class="frame"
          x={left}
          y={0.5}
          width={Math.max(0.7, placeOf(view.toNs) - left)}
          height={29}
        />
      </svg>
    </div>
  )
}

/** Of each bucket, as a share of the largest. */
function sumsOf(activity: Activity, key: string): readonly number[] {
  const sums = Array.from({ length: activity.buckets }, () => 0)
  const fromMs = Number(BigInt(activity.from_ns) / 1_000_000n)
  const stepMs = Number(activity.step_ns) / 1e6
  for (const row of activity.rows) {
    const bucket = Math.round((Date.parse(String(row['at'])) - fromMs) / stepMs)
    sums[bucket] = (sums[bucket] ?? 0) + Number(row[key])
  }
  const most = Math.max(...sums, 1e-9)
  return sums.slice(0, activity.buckets).map((sum) => sum / most)
}
