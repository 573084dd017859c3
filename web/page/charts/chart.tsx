// Lines and bars over time, and bars over lengths, in SVG: a picture with axes, a sentence for those
// who cannot see it, the value under the pointer, and a part that can be chosen by dragging.
import { useRef, useState } from 'preact/hooks'
import { Bars } from './bars.tsx'

/** Values of one name. */
export interface Series {
  readonly name: string
  /** A class of the style sheet, which has its colour. */
  readonly look: string
  /** Bars stand beside each other, stacks on each other. */
  readonly form: 'line' | 'bar' | 'stack'
  /** Of each place; undefined where nothing is known. */
  readonly values: readonly (number | undefined)[]
}

/** A line across. */
export interface Mark {
  readonly place: number
  readonly name: string
}

/** What is drawn. */
export interface ChartParts {
  readonly title: string
  readonly series: readonly Series[]
  readonly formatValue: (value: number) => string
  /** What a place is called under the pointer. */
  readonly formatPlace: (place: number) => string
  /** The same at the axis. @default formatPlace */
  readonly formatTick?: (place: number) => string
  readonly places: number
  readonly height?: number
  /** Lines across, such as quantiles. */
  readonly marks?: readonly Mark[]
  /** Called with the first and the last place of what was dragged over. */
  readonly onChoose?: (first: number, last: number) => void
}

const heightByDefault = 120
/** Where places are named, as shares of the width. */
const named = [0, 0.25, 0.5, 0.75, 1] as const

/** The picture. */
export function Chart(parts: ChartParts) {
  const { formatPlace, formatTick, formatValue, marks = [], places, series, title } = parts
  const [place, setPlace] = useState<number | undefined>(undefined)
  const most = largestOf(series, places)
  return (
    <figure class="chart">
      <figcaption>
        {title}{' '}
        {series.length > 1 &&
          series.map(({ look, name }) => <span class={`key ${look}`}>{name}</span>)}
        <span class="quiet value">
          {place === undefined
            ? marks.map(({ name }) => name).join(', ') || `up to ${formatValue(most)}`
            : sentenceAt(parts, place)}
        </span>
      </figcaption>
      <div class="framed">
        <div class="scale" aria-hidden="true">
          <span>{formatValue(most)}</span>
          <span>{formatValue(most / 2)}</span>
          <span>0</span>
        </div>
        <Picture parts={parts} most={most} place={place} setPlace={setPlace} />
      </div>
      <p class="axis">
        {named.map((share) => (
          <span>{(formatTick ?? formatPlace)(Math.round(share * (places - 1)))}</span>
        ))}
      </p>
    </figure>
  )
}

function sentenceAt({ formatPlace, formatValue, series }: ChartParts, place: number): string {
  const values = series.map(({ name, values: of }) => {
    const value = of[place]
    return `${series.length > 1 ? `${name} ` : ''}${value === undefined ? '–' : formatValue(value)}`
  })
  return `${formatPlace(place)}: ${values.join(', ')}`
}

/** What reaches to the top: the largest value, or the highest stack. */
function largestOf(series: readonly Series[], places: number): number {
  let most = 0
  for (let place = 0; place < places; place++) {
    let stacked = 0
    for (const { form, values } of series) {
      const value = values[place] ?? 0
      if (form === 'stack') stacked += value
      else most = Math.max(most, value)
    }
    most = Math.max(most, stacked)
  }
  return most
}

type SvgEvent = PointerEvent & { readonly currentTarget: SVGSVGElement }

function Picture({
  most,
  parts,
  place,
  setPlace,
}: {
  readonly parts: ChartParts
  readonly most: number
  readonly place: number | undefined
  readonly setPlace: (place: number | undefined) => void
}) {
  const { formatValue, height = heightByDefault, onChoose, places, series, title } = parts
  const anchor = useRef<number | undefined>(undefined)
  const at = (event: SvgEvent): number => {
    const share = event.offsetX / event.currentTarget.clientWidth
    return Math.max(0, Math.min(places - 1, Math.floor(share * places)))
  }
  const choose = (event: SvgEvent): void => {
    const ends = [anchor.current ?? 0, at(event)].toSorted((a, b) => a - b)
    if (anchor.current !== undefined) onChoose?.(ends[0] ?? 0, ends[1] ?? 0)
    anchor.current = undefined
  }
  const step = (key: string): number => (key === 'ArrowLeft' ? -1 : key === 'ArrowRight' ? 1 : 0)
  return (
    <svg
      viewBox={`0 0 1000 ${height}`}
      preserveAspectRatio="none"
      class={onChoose === undefined ? '' : 'brush'}
      style={{ height: `${height}px` }}
      role="img"
      tabIndex={0}
      aria-label={`${title}: ${series.map(({ name }) => name).join(', ')}; up to ${formatValue(most)}`}
      onPointerDown={(event) => {
        if (onChoose !== undefined) event.currentTarget.setPointerCapture(event.pointerId)
        anchor.current = at(event)
      }}
      onPointerMove={(event) => setPlace(at(event))}
      onPointerUp={choose}
      onPointerLeave={() => setPlace(undefined)}
      onKeyDown={(event) => {
        if (step(event.key) === 0) return
        event.preventDefault()
        setPlace(Math.max(0, Math.min(places - 1, (place ?? 0) + step(event.key))))
      }}
    >
      <Bars parts={parts} height={height} most={most} />
      {place !== undefined && (
        <rect
          class="cursor"
          x={(1000 * Math.min(place, anchor.current ?? place)) / places}
          width={(1000 * (Math.abs(place - (anchor.current ?? place)) + 1)) / places}
          y={0}
          height={height}
        />
      )}
    </svg>
  )
}
