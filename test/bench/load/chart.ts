// Line charts side by side as one SVG file, for the documentation: no dependency, readable on light
// and dark pages.

export interface Chart {
  /** What the x axis counts. */
  readonly title: string
  /** One per point, at even distances. */
  readonly labels: readonly string[]
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
}

const chartWidth = 250
const chartHeight = 220
const area = { left: 38, top: 46, right: chartWidth - 22, bottom: chartHeight - 40 }
const colours = ['#2563eb', '#d97706', '#059669']

/** @param title of the whole picture: what is measured, with its unit */
export function drawCharts(title: string, charts: readonly Chart[]): string {
  const width = chartWidth * charts.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${chartHeight}" viewBox="0 0 ${width} ${chartHeight}" font-family="sans-serif" font-size="11">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${chartHeight}" fill="#ffffff"/>`,
    `<text x="${area.left}" y="18" font-size="13" fill="#111827">${title}</text>`,
    ...legend(charts[0]?.series.map(({ name }) => name) ?? []),
    ...charts.flatMap((chart, index) => [
      `<g transform="translate(${index * chartWidth} 0)">`,
      ...drawChart(chart),
      '</g>',
    ]),
    '</svg>',
    '',
  ].join('\n')
}

/** On a scale of its own, so that small changes are seen beside large ones. */
function drawChart(chart: Chart): string[] {
  const most = Math.max(...chart.series.flatMap(({ values }) => values))
  const step = tickStep(most)
  const top = Math.ceil((most * 1.1) / step) * step
  return [
    ...axes(chart, top, step),
    ...chart.series.flatMap(({ values }, index) => {
      // Values are written on the outside of the lines: above the upper one, below the others.
      const others = chart.series.filter((_, other) => other !== index)
      const isUpper = values.map((value, point) =>
        others.every((other) => (other.values[point] ?? 0) <= value),
      )
      return line(values, top, colours[index] ?? '#000000', isUpper)
    }),
  ]
}

function legend(names: readonly string[]): string[] {
  return names.flatMap((name, index) => {
    const x = 260 + index * 90
    return [
      `<circle cx="${x}" cy="14" r="4" fill="${colours[index]}"/>`,
      `<text x="${x + 8}" y="18" fill="#111827">${name}</text>`,
    ]
  })
}

function axes({ title, labels }: Chart, top: number, step: number): string[] {
  const lines: string[] = []
  for (let value = 0; value <= top; value += step) {
    const y = toY(value, top)
    lines.push(
      `<line x1="${area.left}" x2="${area.right}" y1="${y}" y2="${y}" stroke="#e5e7eb"/>`,
      `<text x="${area.left - 6}" y="${y + 4}" text-anchor="end" fill="#6b7280">${value}</text>`,
    )
  }
  labels.forEach((label, index) => {
    const x = toX(index, labels.length)
    lines.push(
      `<text x="${x}" y="${area.bottom + 16}" text-anchor="middle" fill="#6b7280">${label}</text>`,
    )
  })
  const middle = (area.left + area.right) / 2
  lines.push(
    `<text x="${middle}" y="${chartHeight - 8}" text-anchor="middle" fill="#111827">${title}</text>`,
  )
  return lines
}

function line(
  values: readonly number[],
  top: number,
  colour: string,
  isUpper: readonly boolean[],
): string[] {
  const points = values.map((value, index) => ({
    x: toX(index, values.length),
    y: toY(value, top),
    value,
  }))
  return [
    `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(({ x, y }) => `${x},${y}`).join(' ')}"/>`,
    ...points.flatMap(({ x, y, value }, index) => [
      `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`,
      `<text x="${x}" y="${isUpper[index] === true ? y - 7 : y + 15}" text-anchor="middle" fill="${colour}">${value.toFixed(1)}</text>`,
    ]),
  ]
}

function toX(index: number, count: number): number {
  const inset = 14
  const width = area.right - area.left - 2 * inset
  return Math.round(area.left + inset + (count > 1 ? (width * index) / (count - 1) : width / 2))
}

function toY(value: number, top: number): number {
  return Math.round(area.bottom - ((area.bottom - area.top) * value) / top)
}

/** 1, 2 or 5 times a power of ten, for four to ten ticks. */
function tickStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4))
  return ([1, 2, 5].find((factor) => most / (power * factor) <= 6) ?? 10) * power
}
