// Goal: rsyslog reads what syslog and CEF endpoints send. Method: rsyslogd itself, over UDP and
// TCP. Skipped, with a word, where it is not installed.
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toRouted, until } from '../router-harness.ts'
import { createEndpoint, send } from './endpoint-harness.ts'

const isMissing = spawnSync('rsyslogd', ['-v']).status !== 0
if (isMissing) console.warn('Skipped: there is no rsyslogd on this machine')

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

test.skipIf(isMissing)(
  'rsyslog reads what is sent',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rsyslog-'))
    const at = (name: string): string => join(folder, name)
    const [udp, tcp] = [await freePort(), await freePort()]
    const parts = [
      'syslogfacility-text',
      'syslogseverity-text',
      'hostname',
      'app-name',
      'procid',
      'msgid',
      'msg',
    ]
    const template = parts.map((part) => `%${part}%`).join('|')
    writeFileSync(
      at('rsyslog.conf'),
      `module(load="imudp")
module(load="imtcp")
input(type="imudp" port="${udp}" address="127.0.0.1")
input(type="imtcp" port="${tcp}" address="127.0.0.1")
template(name="parts" type="string" string="${template}\\n")
*.* action(type="omfile" file="${at('out')}" template="parts")
`,
    )
    const flags = ['-n', '-f', at('rsyslog.conf'), '-i', at('pid')]
    const child = spawn('rsyslogd', flags, { stdio: 'ignore' })
    const lines = (): readonly string[] =>
      existsSync(at('out')) ? readFileSync(at('out'), 'utf8').split('\n').slice(0, -1) : []
    const items = toRouted([
      { payload: 'größer\nzwei', severity: 3, type: 'login' },
      { payload: '<0>1 of another', severity: 6 },
    ])
    const wanted = [
      'user|err|host1|shop|1|login|größer\\nzwei',
      'user|info|host1|shop|1|-|<0>1 of another',
    ]
    for (const [protocol, port] of [
      ['tcp', tcp],
      ['udp', udp],
    ] as const) {
      const endpoint = createEndpoint({ type: 'syslog', protocol, address: `127.0.0.1:${port}` })
      const before = lines().length
      // Over TCP it is tried until rsyslog listens; then it listens over UDP, too.
      await until(async () => {
        const outcome = await send(endpoint, items).catch(() => undefined)
        return outcome?.status === 'sent'
      }, 'a connection')
      await until(() => lines().length >= before + 2, 'two lines')
      expect(lines().slice(before)).toEqual(wanted)
      await endpoint.close?.()
    }
    const cef = createEndpoint({ type: 'cef', protocol: 'udp', address: `127.0.0.1:${udp}` })
    await send(cef, items.slice(0, 1))
    await until(() => lines().length === 5, 'the event')
    expect(lines()[4]).toBe(
      'local4|err|host1|shop|1|login|CEF:0|Wayward|router|1|login|login|6|wayward.metlog.type=login wayward.metlog.severity=3 msg=größer\\nzwei',
    )
    await cef.close?.()
    const isOver = once(child, 'exit')
    child.kill()
    await isOver
    rmSync(folder, { recursive: true })
  },
  30_000,
)
