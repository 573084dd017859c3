// How long a session of a million spans takes into an archive and out of it, and with how much
// memory: the commands as people run them, beside services that are theirs.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from '../e2e/wayward-process.ts'
import type { Bench, Figure } from './bench.ts'
import { childOf, cpuSeconds, watchMemory } from './load/process-usage.ts'

const sizes = { tiny: 2_000, full: 1_000_000 }
const spansPerRequest = 500
const sendersAtOnce = 4
const session = '5f1d0b1e-0000-4000-8000-0000000000be'

export const sessionsBench: Bench = {
  name: 'sessions',
  async run(size) {
    const spans = sizes[size]
    const folder = temporaryFolder()
    const [homeDir, otherDir] = [join(folder.path, 'home'), join(folder.path, 'other')]
    const archive = join(folder.path, 'archive.jsonl.gz')
    const [home, other] = await Promise.all([startService(homeDir), startService(otherDir)])
    try {
      await send(home.endpoints.otlpHttp, spans)
      await fetch(`${home.endpoints.api}/inserted`)
      const exporting = ['export', session, '--data-dir', homeDir, '--output', archive]
      const importing = ['import', archive, '--data-dir', otherDir]
      return [
        ...(await measured('export', exporting, folder.path, home)),
        { name: 'size of the archive', value: statSync(archive).size / 2 ** 20, unit: 'MiB' },
        ...(await measured('import', importing, folder.path, other)),
      ]
    } finally {
      await Promise.all([home.stop(), other.stop()])
      folder.remove()
    }
  },
}

async function measured(
  name: string,
  args: readonly string[],
  cwd: string,
  { endpoints: { pid } }: RunningService,
): Promise<Figure[]> {
  const engine = childOf(pid) ?? 0
  const cpuOf = (): number => cpuSeconds(pid) + cpuSeconds(engine)
  const before = cpuOf()
  let commandPid = 0
  let own = 0
  const memory = watchMemory(() => {
    own = Math.max(own, cpuSeconds(commandPid))
    return commandPid
  })
  const serviceMemory = watchMemory(() => pid)
  const { code, ms, stderr } = await runWayward(['sessions', ...args], {
    cwd,
    onStart(child) {
      commandPid = child.pid ?? 0
    },
  })
  if (code !== 0) throw new Error(stderr)
  return [
    { name, value: ms / 1000, unit: 's' },
    { name: `${name}: processor time of all`, value: own + cpuOf() - before, unit: 's' },
    { name: `${name}: memory of the command, highest`, value: memory.stop(), unit: 'MiB' },
    { name: `${name}: memory of the service, highest`, value: serviceMemory.stop(), unit: 'MiB' },
  ]
}

async function send(otlpHttp: string, spans: number): Promise<void> {
  let next = 0
  const sendInTurn = async (): Promise<void> => {
    while (next < spans) {
      const body = requestOf(next)
      next += spansPerRequest
      const response = await fetch(`${otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      if (!response.ok) throw new Error(await response.text())
      await response.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: sendersAtOnce }, sendInTurn))
}

function requestOf(first: number): string {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const spans = Array.from({ length: spansPerRequest }, (_, offset) => {
    const index = first + offset
    const startNs = 1_790_000_000_000_000_000n + BigInt(index) * 50_000n
    return {
      traceId: (index >> 3).toString(16).padStart(32, '0a'),
      spanId: (index + 1).toString(16).padStart(16, '0'),
      name: `GET /route${index % 20}`,
      kind: 2,
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + 2_000_000n),
      attributes: [
        attribute('http.request.method', 'GET'),
        attribute('http.route', `/route${index % 20}/:id`),
        attribute('url.path', `/route${index % 20}/${index}`),
        attribute('http.response.status_code', '200'),
        attribute('user.id', String(index % 10_000)),
        attribute('thread.id', '0'),
      ],
      status: {},
    }
  })
  const attributes = [
    attribute('service.name', 'shop'),
    attribute('host.name', 'box'),
    attribute('wayward.session.id', session),
  ]
  return JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] })
}
