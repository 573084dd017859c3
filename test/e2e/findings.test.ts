// Goal: what the service finds by itself goes by rules to an endpoint, each change once, also over
// a restart. Method: the built command, messages that are errors, and the endpoint of the standard
// output.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { anyPorts, startService, temporaryFolder } from './wayward-process.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

const rules = `
endpoints:
  console:
    type: stdout
    format: 'TOLD {attributes.wayward.finding.change.type} {attributes.wayward.finding.subject}: {body}'
    queue: { batchWaitMs: 10 }
rules:
  - { name: findings, when: 'name == "wayward.finding.change"', to: [clickhouse, console] }
`

test('serve --findings-every', async () => {
  const file = join(folder.path, 'router.yaml')
  writeFileSync(file, rules)
  const dataDir = join(folder.path, 'data')
  const flags = [...anyPorts, '--router', file, '--metlog-http', 'yes']
  const watching = [...flags, '--findings-every', '1s', '--findings-window', '1h']
  const post = async (otlpHttp: string, type: string): Promise<void> => {
    const lines = Array.from({ length: 300 }, (_, index) =>
      JSON.stringify({ type, logger: 'shop', severity: 3, payload: `failed ${index}` }),
    )
    const response = await fetch(`${otlpHttp}/metlog`, { method: 'POST', body: lines.join('\n') })
    expect(response.status).toBe(200)
  }
  const told = (text: string): readonly string[] =>
    text.split('\n').filter((line) => line.startsWith('TOLD'))

  const first = await startService(dataDir, watching)
  try {
    await post(first.endpoints.otlpHttp, 'payment')
    await vi.waitFor(() => expect(told(first.stdout())).toHaveLength(1), 60_000)
    expect(told(first.stdout())[0]).toMatch(/^TOLD opened payment: shop reported 300 errors/)
    await post(first.endpoints.otlpHttp, 'login')
    await vi.waitFor(() => expect(told(first.stdout())).toHaveLength(2), 60_000)
    expect(told(first.stdout())[1]).toContain('TOLD opened login')
  } finally {
    await first.stop()
  }
  const second = await startService(dataDir, watching)
  try {
    await post(second.endpoints.otlpHttp, 'order')
    await vi.waitFor(() => expect(told(second.stdout())).toHaveLength(1), 60_000)
    expect(told(second.stdout())[0]).toContain('TOLD opened order')
  } finally {
    await second.stop()
  }
}, 300_000)
