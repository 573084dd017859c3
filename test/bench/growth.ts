// How the cost grows with the number of spans, of services and of attributes: a fresh service for
// each point. At full size it prints a table and draws docs/growth.svg.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, Figure } from './bench.ts'
import { type Chart, drawCharts } from './load/chart.ts'
import { measureLoad, type Measured, serviceSubject } from './load/measure.ts'
import { root, startService } from './load/service.ts'

const spansPerRequest = 512

interface Point {
  readonly millions: number
  readonly services: number
  readonly attributes: number
}

/** What changes along a row of points; the rest stays. */
interface Series {
  readonly title: string
  readonly vary: keyof Point
  readonly points: readonly Point[]
}

const usual = { services: 1, attributes: 8 }
const sizes: Readonly<Record<'tiny' | 'full', readonly Series[]>> = {
  tiny: [
    {
      title: 'million spans',
      vary: 'millions',
      points: [{ services: 2, attributes: 9, millions: 0.001 }],
    },
  ],
  full: [
    {
      title: 'million spans',
      vary: 'millions',
      points: [1, 2, 4, 8].map((millions) => ({ ...usual, millions })),
    },
    {
      title: 'services',
      vary: 'services',
      points: [1, 4, 16, 64].map((services) => ({ ...usual, services, millions: 1 })),
    },
    {
      title: 'attributes per span',
      vary: 'attributes',
      points: [8, 16, 32, 64].map((attributes) => ({ ...usual, attributes, millions: 1 })),
    },
  ],
}

export const growthBench: Bench = {
  name: 'growth',
  async run(size) {
    const figures: Figure[] = []
    const charts: Chart[] = []
    const lines = [
      '| spans | services | attributes | spans/s | collector CPU s per million | engine CPU s per million | collector MiB |',
      '| --- | --- | --- | --- | --- | --- | --- |',
    ]
    for (const { title, vary, points } of sizes[size]) {
      const measured: Measured[] = []
      for (const point of points) {
        const one = await measurePoint(point)
        measured.push(one)
        figures.push(...toFigures(`${point[vary]} ${title}`, one))
        lines.push(toLine(point, one))
      }
      const series = (name: string, pick: (one: Measured) => number) => ({
        name,
        values: measured.map(pick),
      })
      charts.push({
        title,
        labels: points.map((point) => String(point[vary])),
        series: [
          series('collector', (one) => one.collectorCpu),
          series('engine', (one) => one.engineCpu),
        ],
      })
    }
    const picture = drawCharts('CPU seconds per million spans', charts)
    if (size === 'full') {
      console.log(lines.join('\n'))
      writeFileSync(join(root, 'docs', 'growth.svg'), picture)
    }
    return figures
  },
}

async function measurePoint({ millions, services, attributes }: Point): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-bench-'))
  try {
    const service = await startService(folder)
    try {
      const subject = serviceSubject(service)
      const plan = {
        target: service.endpoints.otlpGrpc,
        connections: 8,
        concurrency: 8,
        spansPerRequest: spansPerRequest,
        services,
        attributes,
      }
      const requests = Math.ceil((millions * 1e6) / spansPerRequest)
      await measureLoad(subject, { ...plan, requests: Math.min(200, requests) })
      return await measureLoad(subject, { ...plan, requests })
    } finally {
      await service.shutdown()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function toFigures(label: string, measured: Measured): readonly Figure[] {
  return [
    { name: `${label}: spans per second`, value: measured.spansPerSecond, unit: '1/s' },
    { name: `${label}: collector CPU per million spans`, value: measured.collectorCpu, unit: 's' },
    { name: `${label}: engine CPU per million spans`, value: measured.engineCpu, unit: 's' },
  ]
}

function toLine({ millions, services, attributes }: Point, measured: Measured): string {
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
  const tenths = (value: number): string => value.toFixed(1)
  return `| ${[
    `${millions} million`,
    services,
    attributes,
    whole(measured.spansPerSecond),
    tenths(measured.collectorCpu),
    tenths(measured.engineCpu),
    whole(measured.collectorMib),
  ].join(' | ')} |`
}
