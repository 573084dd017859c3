// Goal: sessions are deleted by whom they may be, whether a service runs or not, and nothing of
// others with them. Method: the built command and a real service.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
let service: RunningService

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })

beforeAll(async () => {
  service = await startService(folder.path)
})

afterAll(async () => {
  await service.stop()
  folder.remove()
})

async function spansOf(session: string): Promise<number> {
  await fetch(`${service.endpoints.api}/inserted`)
  const url = new URL(service.endpoints.clickhouse.url)
  url.searchParams.set('database', service.endpoints.clickhouse.database)
  const body = `SELECT count() FROM otel_traces WHERE ResourceAttributes['wayward.session.id'] = '${session}'`
  return Number(await (await fetch(url, { method: 'POST', body })).text())
}

describe('sessions delete', () => {
  let reported = 0

  /** A session of one span, which ended so long ago. */
  async function report(id: string, agoMs: number): Promise<void> {
    const startNs = BigInt(Date.now() - agoMs) * 1_000_000n + BigInt(++reported)
    const span = {
      traceId: `${reported}`.padStart(32, 'a'),
      spanId: reported.toString(16).padStart(16, 'd'),
      name: 'once',
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + 1_000n),
      attributes: [text('wayward.kind', 'lock_hold'), text('wayward.lock.name', 'l')],
    }
    const attributes = [text('service.name', 'till'), text('wayward.session.id', id)]
    const response = await fetch(`${service.endpoints.otlpHttp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }],
      }),
    })
    expect(response.status).toBe(200)
  }

  const remove = (...args: string[]) =>
    runWayward(['sessions', 'delete', ...args, '--data-dir', folder.path], { cwd: folder.path })

  test('deletes what was reported a moment ago, and nothing of others', async () => {
    await report('run-delete-1', 3_600_000)
    await report('run-other-1', 3_600_000)
    const { code, stderr } = await remove('run-delete')
    expect(stderr).toContain('Deleted session run-delete-1 of till: 4 rows of 4 tables')
    expect(code).toBe(0)
    expect([await spansOf('run-delete-1'), await spansOf('run-other-1')]).toEqual([0, 1])
    expect(await remove('run-delete-1')).toMatchObject({ code: 2 })
  })

  test('refuses a session that still runs, unless it is told to', async () => {
    await report('run-alive', 2_000)
    const refused = await remove('run-alive')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/"run-alive" still runs, or did \d+ s ago/)
    expect(await remove('run-alive', '--even-if-running')).toMatchObject({ code: 0 })
  })

  test('needs the token that the service prints, and takes no other', async () => {
    await report('run-guarded', 3_600_000)
    await fetch(`${service.endpoints.api}/inserted`)
    const printed = /#token=(\S+)/.exec(service.stdout())?.[1] ?? ''
    expect(printed).toMatch(/^[\w-]{32}$/)
    const address = `${service.endpoints.api}/api/v1/sessions/run-guarded`
    const ask = async (headers: Record<string, string>) =>
      await fetch(address, { method: 'DELETE', headers })
    for (const headers of [{}, { Authorization: `Bearer ${printed}x` }, { Authorization: 'x' }]) {
      const refused = await ask(headers)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toContain('Bearer')
    }
    const right = { Authorization: `Bearer ${printed}` }
    expect((await ask({ ...right, Origin: 'https://evil.example' })).status).toBe(403)
    const answer = await ask(right)
    expect(await answer.json()).toMatchObject({
      deleted: [{ service: 'till', session: 'run-guarded', rows: { otel_traces: 1 } }],
    })
    expect((await ask(right)).status).toBe(404)
  })

  test('deletes from a folder without a service, and says what is wrong', async () => {
    await report('run-offline', 3_600_000)
    await service.stop()
    expect(await remove('run-offline')).toMatchObject({ code: 0, stdout: '' })
    expect((await remove('run-offline')).stderr).toContain('No session begins with "run-offline"')
    service = await startService(folder.path)
    expect(await spansOf('run-offline')).toBe(0)
  })
})
