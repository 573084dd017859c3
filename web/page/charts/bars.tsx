// The bars and lines of a chart, and the lines across it.
import type { ChartParts } from './chart.tsx'

const width = 1000

/** All of them, for a picture that is a thousand wide. */
export function Bars({
  height,
  most,
  parts: { marks = [], places, series },
}: {
  readonly parts: ChartParts
  readonly height: number
  readonly most: number
}) {
  const step = width / Math.max(1, places)
  const y = (value: number): number =>
    most > 0 ? (height - 2) * (1 - value / most) + 1 : height - 1
  const beside = series.filter(({ form }) => form === 'bar').length
  const stacked: number[] = []
  let bar = 0
  return (
    <>
      {[0.25, 0.5, 0.75].map((share) => (
        <line class="grid" x1={0} x2={width} y1={height * share} y2={height * share} />
      ))}
      {series.map(({ form, look, values }) => {
        if (form === 'line') return <path class={`line ${look}`} d={lineOf(values, step, y)} />
        const wide = form === 'stack' ? step : step / beside
        const offset = form === 'stack' ? 0 : wide * bar++
        return values.map((value, i) => {
          if (value === undefined || value === 0) return null
          const below = form === 'stack' ? (stacked[i] ?? 0) : 0
          if (form === 'stack') stacked[i] = below + value
          return (
            <rect
              class={look}
              x={i * step + offset}
              y={y(below + value)}
              width={Math.max(0.5, wide * 0.92)}
              height={Math.max(1, y(below) - y(below + value))}
            />
          )
        })
      })}
      {marks.map(({ place }) => (
        <line class="mark" x1={place * step} x2={place * step} y1={0} y2={height} />
      ))}
    </>
  )
}

/** A line with a gap where nothing is known; what stands alone is a dash. */
function lineOf(
  values: readonly (number | undefined)[],
  step: number,
  y: (value: number) => number,
): string {
  let isDown = false
  return values
    .map((value, i) => {
      if (value === undefined) {
        isDown = false
        return ''
      }
      const sign = isDown ? 'L' : 'M'
      isDown = true
      const [x, height] = [((i + 0.5) * step).toFixed(1), y(value).toFixed(1)]
      const isAlone = sign === 'M' && values[i + 1] === undefined
      return isAlone
        ? `M${(i * step).toFixed(1)},${height}h${step.toFixed(1)}`
        : `${sign}${x},${height}`
    })
    .join('')
}
