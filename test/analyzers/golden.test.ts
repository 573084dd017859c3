// Every folder test/golden/<analyzer>/<case> has an input, the rows that the analyzer answers with,
// and what it says about them; that of the example in docs/analyzers/ also what is shown.
// `npx vitest run test/analyzers -u` writes the answers again; look at each difference before you
// keep it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { analyzers, type Report, runAnalyzer } from '@wayward/analyzers'
import { reportText } from '@wayward/analyzers/report/answer'
import { createStyle } from '@wayward/analyzers/report/style'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { type RecordedMessage, toMessageRows } from '../harness/messages.ts'
import { type RecordedProcess, toMoment, toRows } from '../harness/recording.ts'

interface GoldenInput {
  readonly about: string
  readonly window?: {
    readonly from?: number
    readonly to?: number
    readonly service?: string
    readonly sessions?: readonly string[]
  }
  readonly processes: readonly RecordedProcess[]
  /** What receivers of Metlog, statsd and syslog got. */
  readonly messages?: readonly RecordedMessage[]
  /** Rows of wayward_job_states, which the collector writes beside the events. */
  readonly states?: readonly object[]
}

const plain = createStyle(false)
const goldenFolder = new URL('../golden/', import.meta.url)
const casesOf = (analyzer: string): string[] => readdirSync(new URL(`${analyzer}/`, goldenFolder))

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

describe.each(analyzers.map((analyzer) => analyzer.name))('%s', (analyzer) => {
  test.each(casesOf(analyzer))('%s', async (name) => {
    const input = JSON.parse(
      readFileSync(new URL(`${analyzer}/${name}/input.json`, goldenFolder), 'utf8'),
    ) as GoldenInput
    const report = await analyze(analyzer, input)
    const folder = `../golden/${analyzer}/${name}`
    await expect(toCsv(report)).toMatchFileSnapshot(`${folder}/expected.csv`)
    await expect(toText(report)).toMatchFileSnapshot(`${folder}/expected.txt`)
    if (existsSync(new URL(`${folder}/shown.txt`, import.meta.url))) {
      await expect(reportText(report, 100, plain)).toMatchFileSnapshot(`${folder}/shown.txt`)
    }
  })
})

async function analyze(analyzer: string, input: GoldenInput): Promise<Report> {
  await engine.truncateTables()
  const { traces, logs } = toRows(input.processes)
  await engine.insertRows('otel_traces', traces)
  await engine.insertRows('otel_logs', logs)
  for (const [table, rows] of Object.entries(toMessageRows(input.messages ?? []))) {
    await engine.insertRows(table, rows)
  }
  await engine.insertRows('wayward_job_states', input.states ?? [])
  const { from, to, ...filters } = input.window ?? {}
  return await runAnalyzer(engine.reader, analyzer, {
    ...filters,
    ...(from === undefined ? {} : { from: toMoment(from) }),
    ...(to === undefined ? {} : { to: toMoment(to) }),
  })
}

function toCsv({ columns, rows }: Report): string {
  const names = columns.map((column) => column.name)
  const lines = rows.map((row) => names.map((name) => toCell(row[name])).join(','))
  return `${[names.join(','), ...lines].join('\n')}\n`
}

/** Six digits are more than the figures mean, and hide how a processor rounds. */
function toCell(value: unknown): string {
  if (Array.isArray(value)) return `"${value.join(' ')}"`
  return typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(6)))
    : String(value)
}

function toText({ status, missing, findings }: Report): string {
  const lines = [`status: ${status}`, ...missing.map((what) => `missing: ${what}`)]
  for (const finding of findings) {
    lines.push(
      '',
      `${finding.severity} ${finding.service} ${finding.subject}`,
      finding.summary,
      finding.explanation,
      finding.solution,
      ...finding.exemplars.map(
        ({ label, traceId, spanId }) => `${label}: trace ${traceId} span ${spanId}`,
      ),
    )
  }
  return `${lines.join('\n')}\n`
}
