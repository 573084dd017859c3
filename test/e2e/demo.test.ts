// The shop and `wayward demo`: the planted causes come on top, with the sizes that the shop itself
// measured.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Report } from '@wayward/analyzers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Facts } from '@wayward/example-shop/measurements'
import {
  collect,
  runWayward,
  spawnNode,
  startService,
  temporaryFolder,
  whenClosed,
} from './wayward-process.ts'

// A report asks a dozen questions, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const folder = temporaryFolder()
const dataDir = join(folder.path, 'data')
afterAll(() => folder.remove())
const inFolder = { cwd: folder.path }

describe('the shop', () => {
  let facts: Facts & { readonly session: string }
  const reports: Record<string, Report> = {}

  beforeAll(async () => {
    const service = await startService(dataDir)
    try {
      facts = await runShop(service.endpoints.otlpGrpc)
    } finally {
      await service.stop()
    }
    // From here on no service runs: reading commands open the data folder themselves.
    for (const name of ['lock-contention', 'queue-delay', 'job-runs']) {
      const args = ['analyze', name, '--data-dir', dataDir, '--format', 'json']
      const { stdout, stderr, code } = await runWayward(args, inFolder)
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
      reports[name] = JSON.parse(stdout) as Report
    }
  })

  const row = (analyzer: string, column: string, name: string) => {
    const found = reports[analyzer]?.rows.find((one) => one[column] === name)
    if (found === undefined) throw new Error(`${analyzer} has no row of ${name}`)
    return found
  }

  test('its convoy comes on top, with its true size', () => {
    expect(reports['lock-contention']?.findings[0]).toMatchObject({ subject: 'inventory' })
    expect(reports['lock-contention']?.findings[0]?.severity).toBeGreaterThanOrEqual(70)
    const inventory = facts.locks['inventory']
    const told = row('lock-contention', 'lock_name', 'inventory')
    expect(told['holds']).toBe(inventory?.requests)
    expectWithin5Percent({
      contended: [told['contended'], inventory?.contended],
      waitSum: [told['wait_sum_ns'], inventory?.waitSumNs],
      waitMax: [told['wait_max_ns'], inventory?.waitMaxNs],
      holdSum: [told['hold_sum_ns'], inventory?.holdSumNs],
    })
  })

  test('its queue that cannot keep up comes on top, with its true size', () => {
    expect(reports['queue-delay']?.findings[0]).toMatchObject({ subject: 'emails' })
    const emails = facts.queues['emails']
    const told = row('queue-delay', 'queue_name', 'emails')
    expect(told['items']).toBe(emails?.items)
    expect(told['load']).toBeGreaterThan(1)
    expectWithin5Percent({
      waitSum: [told['wait_sum_ns'], emails?.waitSumNs],
      waitMax: [told['wait_max_ns'], emails?.waitMaxNs],
      processingSum: [told['processing_sum_ns'], emails?.processingSumNs],
    })
  })

  test('its failing job comes on top and its late job second, with their true sizes', () => {
    const findings = reports['job-runs']?.findings.map((finding) => finding.subject)
    expect(findings).toEqual(['report', 'cleanup'])
    const report = row('job-runs', 'job_name', 'report')
    const cleanup = row('job-runs', 'job_name', 'cleanup')
    expect(report).toMatchObject({
      runs: facts.jobs['report']?.runs,
      failed: facts.jobs['report']?.failed,
      last_error: 'TemplateError',
    })
    expect(facts.jobs['report']?.failed).toBe(2)
    expect(cleanup).toMatchObject({ runs: facts.jobs['cleanup']?.runs, failed: 0, delayed: 1 })
    expectWithin5Percent({
      duration: [report['sum_ns'], facts.jobs['report']?.durationSumNs],
      lateness: [cleanup['lateness_max_ns'], facts.jobs['cleanup']?.latenessMaxNs],
    })
  })

  test('what is well is not told as a finding', () => {
    const subjects = Object.values(reports).flatMap((one) => one.findings.map((f) => f.subject))
    for (const healthy of ['catalog', 'thumbnails', 'prices']) {
      expect(subjects).not.toContain(healthy)
    }
  })

  test('spans of the plain OpenTelemetry API and the logs are there, in the same traces', async () => {
    const sql = [
      "SELECT countIf(SpanKind = 'Server') AS pages, countIf(SpanKind = 'Client') AS visits,",
      "uniqExactIf(TraceId, SpanName = 'hold inventory' AND ParentSpanId != '') AS nested FROM otel_traces",
    ].join(' ')
    const spans = await runWayward(
      ['query', '--data-dir', dataDir, '--format', 'json', sql],
      inFolder,
    )
    const [counts] = (JSON.parse(spans.stdout) as { data: Record<string, string>[] }).data
    const sold = facts.locks['inventory']?.requests ?? 0
    expect(counts).toEqual({ pages: `${2 * sold}`, visits: `${2 * sold}`, nested: `${sold}` })
    const logSql =
      "SELECT count() AS n FROM otel_logs WHERE Body = 'An order was placed' AND TraceId != ''"
    const logs = await runWayward(
      ['query', '--data-dir', dataDir, '--format', 'csv', logSql],
      inFolder,
    )
    expect(logs.stdout).toBe(`"n"\n${sold}\n`)
  })

  test('sessions lists it, and the beginning of its id is enough', async () => {
    const listed = await runWayward(['sessions', '--data-dir', dataDir], inFolder)
    expect(listed.stdout).toMatch(new RegExp(`shop +${facts.session.slice(0, 8)}`))
    const beginning = ['--session', facts.session.slice(0, 8)]
    const report = await runWayward(
      ['analyze', 'lock-contention', '--data-dir', dataDir, ...beginning, '--format', 'csv'],
      inFolder,
    )
    expect(report.stdout).toMatch(/^service,lock_name,.*\nshop,inventory,/)
  })

  test('the flags choose what is looked at', async () => {
    const none = await runWayward(
      ['analyze', 'queue-delay', '--data-dir', dataDir, '--to', '2020-01-01T00:00:00Z'],
      inFolder,
    )
    expect(none.stdout).toMatch(/NA: cannot be answered/)
    const other = await runWayward(
      ['analyze', 'queue-delay', '--data-dir', dataDir, '--service', 'nobody'],
      inFolder,
    )
    expect(other.stdout).toMatch(/NA: no service of this name has ever reported/)
    const recent = await runWayward(
      ['analyze', 'queue-delay', '--data-dir', dataDir, '--since', '1h', '--service', 'shop'],
      inFolder,
    )
    expect(recent.stdout).toMatch(/emails/)
  })

  test('--fail-on makes findings an exit code, and in CI also no answer', async () => {
    const codeOf = async (args: readonly string[], env: Record<string, string>) =>
      (await runWayward([...args, '--data-dir', dataDir], { ...inFolder, env })).code
    const failing = ['analyze', 'job-runs', '--fail-on', '40']
    expect(await codeOf(failing, { CI: '' })).toBe(1)
    const unknown = [...failing, '--service', 'x']
    expect(await codeOf(unknown, { CI: '' })).toBe(0)
    expect(await codeOf(unknown, { CI: 'true' })).toBe(1)
    expect(await codeOf([...unknown, '--na', 'pass'], { CI: 'true' })).toBe(0)
  })

  test('the report has its three planted causes, each once, before all else', async () => {
    const { code, stdout, stderr } = await runWayward(['report', '--data-dir', dataDir], inFolder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const heads = stdout.match(/^\d+\. .*/gm) ?? []
    const ranks = ['"inventory"', '"emails"', '"report"'].map(
      (name) => heads.findIndex((head) => head.includes(name)) + 1,
    )
    expect(ranks.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    for (const healthy of ['catalog', 'thumbnails', 'prices']) {
      expect(heads.filter((head) => head.includes(`"${healthy}"`))).toEqual([])
    }
  })

  test('report in a format for machines, with an exit code', async () => {
    const args = ['report', '--fail-on', '90', '--format', 'sarif', '--data-dir', dataDir]
    const { code, stdout } = await runWayward(args, inFolder)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ version: '2.1.0' })
    expect(stdout).toContain('inventory')
  })

  test.each([
    ['markdown', /^## What is wrong: all services/],
    ['sarif', /"version": "2\.1\.0"/],
    ['junit', /^<\?xml version="1\.0"/],
  ])('analyze in %s', async (format, beginning) => {
    const args = ['analyze', 'lock-contention', '--data-dir', dataDir, '--format', format]
    const { code, stdout } = await runWayward(args, inFolder)
    expect(code).toBe(0)
    expect(stdout).toContain('inventory')
    expect(stdout).toMatch(beginning)
  })

  test('what --sql prints is answered as it is, from the standard input', async () => {
    const { stdout: sql } = await runWayward(['analyze', 'lock-contention', '--sql'], inFolder)
    const args = ['query', '--data-dir', dataDir, '--format', 'csv']
    const answered = await runWayward(args, { ...inFolder, stdin: sql })
    expect(answered.stderr).toBe('')
    expect(answered.stdout).toMatch(/^"service","lock_name"[^]*"shop","inventory"/)
    const asArgument = await runWayward([...args, sql], inFolder)
    expect(asArgument.stdout).toBe(answered.stdout)
    const all = await runWayward(['report', '--sql'], inFolder)
    expect(all.stdout.match(/^-- Question:/gm)?.length).toBeGreaterThan(3)
  })

  test('--watch goes on until a signal, and leaves the folder to others then', async () => {
    const args = ['analyze', 'lock-contention', '--watch', '--data-dir', dataDir]
    const result = await runWayward(args, {
      ...inFolder,
      onStart: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
    })
    expect(result).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(result.stdout.match(/"inventory"/g)).toHaveLength(1)
  })

  test.each([40, 140])('tables fit a width of %i', async (width) => {
    const { stdout } = await runWayward(['analyze', 'lock-contention', '--data-dir', dataDir], {
      ...inFolder,
      env: { COLUMNS: String(width) },
    })
    const widest = stdout.split('\n').reduce((max, line) => Math.max(max, line.length), 0)
    // Ids of traces and spans are never broken.
    expect(widest).toBeLessThanOrEqual(Math.max(width, 60))
    expect(stdout).toContain('inventory')
  })

  test('two reading commands at a time take turns on the folder', async () => {
    const both = await Promise.all(
      ['lock-contention', 'job-runs'].map((name) =>
        runWayward(['analyze', name, '--data-dir', dataDir], inFolder),
      ),
    )
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ])
  })
})

describe('wayward demo', () => {
  test('shows the report, says how to look further, and stops what it started', async () => {
    const demoDir = join(folder.path, 'demo')
    const env = { COLUMNS: '100' }
    const { code, stdout } = await runWayward(['demo', '--data-dir', demoDir], { ...inFolder, env })
    expect(code).toBe(0)
    const order = ['What is wrong: all services, session', '1. [severity', 'Look further:']
    const places = order.map((text) => stdout.indexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    for (const planted of ['"inventory"', '"emails"', '"report"', '"cleanup"']) {
      expect(stdout).toContain(planted)
    }
    expect(existsSync(join(demoDir, 'endpoints.json'))).toBe(false)
    expectAsInReadme(stdout)
  })
})

/** README.md shows what the demo prints. */
function expectAsInReadme(printed: string): void {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, shown = ''] = /^```text\n([^]*?)^```/m.exec(readme) ?? []
  const findings = shown.split('\n').filter((line) => /^(\d+\.|[a-z-]+:)/.test(line))
  expect(findings.length).toBeGreaterThanOrEqual(4)
  // Line ends differ with the length of the numbers, so the beginning of each line is compared.
  for (const line of findings) expect(masked(printed)).toContain(masked(line).slice(0, 45))
}

/** The text on one line with numbers and units taken out. */
function masked(text: string): string {
  return text.replaceAll(/[\d.,]+(?:\s*(?:ns|µs|ms|s|%)(?=\W|$))?/g, '#').replaceAll(/\s+/g, ' ')
}

async function runShop(otlpGrpc: string): Promise<Facts & { readonly session: string }> {
  const shop = fileURLToPath(new URL('../../examples/shop/dist/main.js', import.meta.url))
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${otlpGrpc}` }
  const child = spawnNode(shop, [], { ...inFolder, env })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const code = await whenClosed(child)
  expect({ code, stderr: stderr() }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout()) as Facts & { readonly session: string }
}

/** Pairs of what was told and what the shop measured. */
function expectWithin5Percent(
  pairs: Readonly<Record<string, readonly [unknown, number | undefined]>>,
): void {
  for (const [name, [told, measured = Number.NaN]] of Object.entries(pairs)) {
    const difference = Math.abs(Number(told) - measured) / measured
    expect(difference, `${name}: told ${String(told)}, measured ${measured}`).toBeLessThan(0.05)
  }
}
