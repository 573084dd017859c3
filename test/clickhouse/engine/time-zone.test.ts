// Goal: what is stored, found and printed does not depend on where the machine stands. Method:
// engines of machines in four zones, by the variable TZ and by /etc/localtime.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { startEngine, type RunningEngine } from './running-engine.ts'

const zoneBefore = process.env['TZ']
let engine: RunningEngine | undefined

afterEach(async () => {
  if (zoneBefore === undefined) delete process.env['TZ']
  else process.env['TZ'] = zoneBefore
  await engine?.close()
})

describe.each(['America/New_York', 'Asia/Kolkata', 'Pacific/Kiritimati', 'UTC'])(
  'in %s',
  (zone) => {
    test('the engine is in UTC, and a client may choose another zone', async () => {
      process.env['TZ'] = zone
      engine = await startEngine()
      const zones = await engine.read('SELECT timezone(), serverTimezone()')
      expect(zones.text).toBe('UTC\tUTC\n')
      expect(zones.headers.get('x-clickhouse-timezone')).toBe('UTC')
      await engine.write(
        'CREATE TABLE t (at DateTime64(9)) ENGINE = MergeTree PARTITION BY toDate(at) ORDER BY at',
      )
      // An hour that exists twice in New York, and a day that is another one in Kiritimati.
      await engine.write(
        'INSERT INTO t SELECT toDateTime64(1793511000 + number * 3600, 9) FROM numbers(2)',
      )
      const rows = await engine.read(
        'SELECT at FROM t WHERE at >= {from:DateTime64(9)} ORDER BY at',
        {
          param_from: '2026-11-01 05:30:00',
        },
      )
      expect(rows.text).toBe('2026-11-01 05:30:00.000000000\n2026-11-01 06:30:00.000000000\n')
      const parts = await engine.write(
        "SELECT DISTINCT partition_id FROM system.parts WHERE table = 't'",
      )
      expect(parts.text).toBe('20261101\n')
      const query = encodeURIComponent('SELECT toDateTime(1793511000)')
      const asked = await fetch(`${engine.url}/?session_timezone=Asia/Kolkata&query=${query}`)
      expect(await asked.text()).toBe('2026-11-01 11:00:00\n')
    })
  },
)

const localtime = '/usr/share/zoneinfo/America/New_York'
const canMount =
  process.getuid?.() === 0 &&
  existsSync(localtime) &&
  spawnSync('unshare', ['--mount', 'true']).status === 0

test.skipIf(!canMount)(
  'a machine whose /etc/localtime is another zone (skipped without root, unshare and zones)',
  () => {
    // Another process, because a mount of its own is a process's own; the built files, as users run
    // them.
    const program = `
      import { mkdtempSync, rmSync } from 'node:fs'
      import { createEngine, defaultEngineLimits } from '@wayward/clickhouse'
      const dataDir = mkdtempSync('/tmp/wayward-zone-')
      const silent = { info() {}, warn() {}, error() {} }
      const engine = createEngine({
        dataDir, listen: { host: '127.0.0.1', port: 0 }, writerToken: 'x', memoryBytesMax: 500_000_000,
        limits: defaultEngineLimits, logger: silent,
      })
      const { url } = await engine.start()
      const query = 'SELECT timezone(), toDateTime(1793511000)'
      const answer = await fetch(url, { method: 'POST', body: query })
      console.log((await answer.text()).trim())
      await engine.shutdown(5000)
      rmSync(dataDir, { recursive: true })`
    const command = `mount --bind ${localtime} /etc/localtime && unset TZ && date -d @1793511000 +%R && exec "$0" --input-type=module -e "$1"`
    const args = ['--mount', 'sh', '-c', command, process.execPath, program]
    const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 25_000 })
    expect(stderr).toBe('')
    expect(stdout).toBe('01:30\nUTC\t2026-11-01 05:30:00\n')
  },
)
