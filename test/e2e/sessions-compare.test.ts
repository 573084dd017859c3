// Goal: two sessions are compared from the command line: what each says of a lock, and by how much
// it has changed. Method: the built command, a real service, sessions that hold locks so long.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
let service: RunningService

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const compare = (...args: string[]) =>
  runWayward(['sessions', 'compare', ...args, '--data-dir', folder.path], { cwd: folder.path })

/** Ten holds of each of these locks, one after the other, each of so many milliseconds. */
async function report(session: string, locks: Readonly<Record<string, number>>): Promise<void> {
  const spans = Object.entries(locks).flatMap(([lock, ms], place) =>
    Array.from({ length: 10 }, (_, index) => {
      const startNs = 1_790_000_000_000_000_000n + BigInt(index * 100 + place) * 1_000_000_000n
      return {
        traceId: 'ab'.repeat(16),
        spanId: `${session.charCodeAt(0)}${place}${index}`.padStart(16, '0'),
        name: `hold ${lock}`,
        startTimeUnixNano: String(startNs),
        endTimeUnixNano: String(startNs + BigInt(ms) * 1_000_000n),
        attributes: [text('wayward.kind', 'lock_hold'), text('wayward.lock.name', lock)],
      }
    }),
  )
  const attributes = [text('service.name', 'bank'), text('wayward.session.id', session)]
  const response = await fetch(`${service.endpoints.otlpHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }],
    }),
  })
  expect(await response.text()).toBe('{}')
}

beforeAll(async () => {
  service = await startService(folder.path)
  await report('monday', { ledger: 100, 'gone\u001b[31m': 5 })
  await report('tuesday', { ledger: 150, 'new': 5 })
  await fetch(`${service.endpoints.api}/inserted`)
})

afterAll(async () => {
  await service.stop()
  folder.remove()
})

test('what has changed is told for each lock, and what only one has', async () => {
  const { code, stdout } = await compare('mon', 'tue')
  expect(code).toBe(0)
  expect(stdout).toContain('first   monday\nsecond  tuesday\n')
  const lines = stdout.split('\n')
  const at = lines.findIndex((line) => line.startsWith('ledger'))
  expect(lines[at]).toMatch(/ledger +first .*\b100 ms/)
  expect(lines[at + 1]).toMatch(/^ +second .*\b150 ms/)
  expect(lines[at + 2]).toMatch(/^ +change .*\+50 %/)
  expect(stdout).toMatch(/gone.* first /)
  expect(stdout).toMatch(/new +first: not there/)
  expect(stdout).not.toContain('\u001b')
})

test.each([
  [['monday', 'mon'], 'Both are the session monday; wanted two'],
  [['monday', 'friday'], 'No session begins with "friday"'],
])('%j says what is wrong', async (sessions, message) => {
  const { code, stderr } = await compare(...sessions)
  expect(stderr).toContain(message)
  expect(code).toBe(2)
})
