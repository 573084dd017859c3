// Goal: what changes is told once, whatever happens between. Method: a watch on a file of its own,
// reports that are given, and a receiver that refuses, or takes what it had taken already.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rank } from '@wayward/analyzers/report/ranked'
import { systemTime } from '@wayward/base'
import { afterEach, expect, test, vi } from 'vitest'
import { createFindingWatch, type TellOutcome } from 'wayward/findings/finding-watch'

type Given = Parameters<typeof rank>[0][number] & { readonly findings?: readonly object[] }

const folder = mkdtempSync(join(tmpdir(), 'wayward-findings-'))
const closing: (() => Promise<void>)[] = []
let files = 0
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  if (files > 100) rmSync(folder, { recursive: true })
})

function reportOf(severities: Readonly<Record<string, number>>, failed = false) {
  const findings = Object.entries(severities).map(([subject, severity]) => ({
    severity,
    subject,
    service: 'shop',
    summary: `${subject} is ${severity}`,
    explanation: '',
    solution: 'cure it',
    exemplars: [],
  }))
  const common = { analyzer: 'lock-contention', question: '?', kind: 'lock', tells: 'matter' }
  const answer = { ...common, status: 'findings', missing: [], columns: [], headline: [], rows: [] }
  const one = failed
    ? { analyzer: 'lock-contention', question: '?', error: new Error('too much memory') }
    : { ...answer, findings, sql: '' }
  return rank([one as unknown as Given])
}

function start(file: string, accepts: (body: string) => TellOutcome['status'] = () => 'accepted') {
  let given = reportOf({})
  let asked = 0
  const told: string[] = []
  const logged: string[] = []
  const log = (message: string, fields?: unknown): void =>
    void logged.push(`${message} ${JSON.stringify(fields)}`)
  const watch = createFindingWatch({
    everyMs: 5,
    severityMin: 20,
    file,
    time: systemTime,
    logger: { info: log, warn: log, error: log },
    ask: async () => {
      asked++
      return given
    },
    tell: async (body) => {
      const status = accepts(body)
      if (status === 'accepted') told.push(...recordsOf(body))
      return { status, message: 'the disk is full' }
    },
  })
  closing.push(() => watch.shutdown())
  watch.start()
  return {
    told,
    logged,
    stop: () => watch.shutdown(),
    /** Gives a report, and waits until it has been compared three times. */
    async report(next: ReturnType<typeof reportOf>) {
      given = next
      const before = asked
      await vi.waitFor(() => expect(asked).toBeGreaterThan(before + 4), 5_000)
    },
  }
}

interface Value {
  readonly stringValue: string
}
interface Logs {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly attributes: readonly { readonly key: string; readonly value: Value }[]
        readonly body: Value
        readonly severityNumber: number
      }[]
    }[]
  }[]
}

function recordsOf(text: string): string[] {
  return (JSON.parse(text) as Logs).resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ attributes, body, severityNumber }) => {
        const type = attributes.find(({ key }) => key === 'wayward.finding.change.type')
        return `${type?.value.stringValue} ${severityNumber}: ${body.stringValue}`
      }),
    ),
  )
}

const newFile = (): string => join(folder, `findings-${files++}.json`)

test('what is found is told once, when it is worse once more, and when it is gone', async () => {
  const watch = start(newFile())
  await watch.report(reportOf({ cart: 30, quiet: 19 }))
  expect(watch.told).toEqual(['opened 9: cart is 30'])
  await watch.report(reportOf({ cart: 35 }))
  await watch.report(reportOf({ cart: 25 }))
  expect(watch.told).toHaveLength(1)
  await watch.report(reportOf({ cart: 75 }))
  expect(watch.told.slice(1)).toEqual(['worse 17: cart is 75'])
  await watch.report(reportOf({ cart: 45, other: 50 }))
  expect(watch.told.slice(2)).toEqual(['opened 13: other is 50'])
  await watch.report(reportOf({ other: 50 }))
  expect(watch.told.slice(3)).toEqual(['closed 9: No longer: cart is 45'])
  // A question that failed says nothing.
  await watch.report(reportOf({}, true))
  expect(watch.told).toHaveLength(4)
  await watch.report(reportOf({ cart: 45, other: 50 }))
  expect(watch.told.slice(4)).toEqual(['opened 13: cart is 45'])
})

test('a restart tells nothing again, and what happened meanwhile', async () => {
  const file = newFile()
  const first = start(file)
  await first.report(reportOf({ cart: 50, pay: 60 }))
  expect(first.told).toHaveLength(2)
  await first.stop()
  const second = start(file)
  await second.report(reportOf({ cart: 50 }))
  expect(second.told).toEqual(['closed 9: No longer: pay is 60'])
})

test('what is not taken is told later, byte for byte', async () => {
  const file = newFile()
  const tried: string[] = []
  let isAway = true
  const first = start(file, (body) => {
    tried.push(body)
    return isAway ? 'unavailable' : 'accepted'
  })
  first.report(reportOf({ cart: 50 })).catch(() => {})
  await vi.waitFor(() => expect(tried.length).toBeGreaterThan(3), 5_000)
  expect(first.logged).toEqual([expect.stringContaining('the disk is full')])
  await first.stop()
  expect(new Set(tried).size).toBe(1)
  isAway = false
  const bodies: string[] = []
  const second = start(file, (body) => {
    bodies.push(body)
    return 'accepted'
  })
  await second.report(reportOf({ cart: 50 }))
  // The same request: the collector knows it where it had taken it before the stop.
  expect(bodies).toEqual([tried[0]])
  expect(second.told).toEqual(['opened 13: cart is 50'])
})

test('a file that is damaged is said to be, and what is found is told anew', async () => {
  for (const text of ['', 'null', '{"version":1', '{"version":7}', '{"version":1,"open":7}']) {
    const file = newFile()
    writeFileSync(file, text)
    const watch = start(file)
    expect(watch.logged[0], text).toContain('What is known of findings is lost')
    await watch.report(reportOf({ cart: 50 }))
    expect(watch.told, text).toEqual(['opened 13: cart is 50'])
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ open: [{ subject: 'cart' }] })
  }
})
