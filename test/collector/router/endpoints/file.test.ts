// Goal: files are complete, named as asked for, and nothing from outside leads elsewhere. Method:
// real files, and /dev/full for a full disk.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { toRouted } from '../router-harness.ts'
import { createEndpoint, send } from './endpoint-harness.ts'

const root = mkdtempSync(join(tmpdir(), 'file-endpoint-'))
afterAll(() => rmSync(root, { recursive: true }))
const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8')

describe('a file endpoint', () => {
  test('writes JSON lines by a template of paths, and messages of Metlog', async () => {
    const byService = createEndpoint({ type: 'file', path: join(root, '{date}/{service}.jsonl') })
    const items = toRouted([
      { payload: 'one', logger: 'shop', fields: { user: 7 } },
      { payload: 'two\nlines', logger: 'pay', severity: 3 },
    ])
    expect(await send(byService, items)).toEqual({ status: 'sent' })
    await byService.close?.()
    const [line = ''] = read('2027-01-15', 'shop.jsonl').split('\n')
    expect(JSON.parse(line)).toMatchObject({
      time: '2027-01-15T08:00:00.000000000Z',
      signal: 'log',
      service: 'shop',
      body: 'one',
      attributes: { user: 7 },
    })
    expect(read('2027-01-15', 'pay.jsonl').split('\n')).toHaveLength(2)
    const metlog = createEndpoint({ type: 'file', path: join(root, 'metlog'), format: 'metlog' })
    await send(metlog, items)
    await metlog.close?.()
    expect(JSON.parse(read('metlog').split('\n')[1] ?? '')).toMatchObject({
      env_version: '0.8',
      type: 'oldstyle',
      logger: 'pay',
      severity: 3,
      payload: 'two\nlines',
      fields: {},
      metlog_hostname: 'host1',
    })
  })

  test.each(['../../escape', '/etc/passwd', '..', '.hidden/../../x', 'a\0b', 'x'.repeat(5_000)])(
    'leads to no other folder by a service called %j',
    async (logger) => {
      const folder = join(root, `inside-${logger.length}`)
      const endpoint = createEndpoint({
        type: 'file',
        path: `${folder}/{service}`,
        format: '{body}',
      })
      expect(await send(endpoint, toRouted([{ payload: 'kept', logger }]))).toEqual({
        status: 'sent',
      })
      await endpoint.close?.()
      const [name = ''] = readdirSync(folder)
      expect(readFileSync(join(folder, name), 'utf8')).toBe('kept\n')
      expect(existsSync(join(root, 'escape'))).toBe(false)
    },
  )

  test('takes the present for the time of an item that has none, as the store does', async () => {
    const byDate = createEndpoint({ type: 'file', path: join(root, 'timeless', '{date}.jsonl') })
    await send(byDate, toRouted([{ payload: 'when', logger: 'shop' }], 0n))
    await byDate.close?.()
    const [file = ''] = readdirSync(join(root, 'timeless'))
    expect(Math.abs(Date.parse(file.slice(0, 10)) - Date.now())).toBeLessThan(2 * 86_400_000)
  })

  test('puts a file aside at its size, compressed, and keeps so many', async () => {
    const endpoint = createEndpoint({
      type: 'file',
      path: join(root, 'rotated.log'),
      format: '{body}',
      bytesMax: 1_024,
      keep: 2,
      gzip: true,
      fsync: true,
    })
    for (let count = 0; count < 5; count++) {
      await send(endpoint, toRouted([{ payload: `${count}`.repeat(1_000) }]))
    }
    await endpoint.close?.()
    expect(read('rotated.log')[0]).toBe('4')
    const aside = (number: number): string =>
      gunzipSync(readFileSync(join(root, `rotated.log.${number}.gz`))).toString()[0] ?? ''
    expect([aside(1), aside(2)]).toEqual(['3', '2'])
    expect(existsSync(join(root, 'rotated.log.3.gz'))).toBe(false)
  })

  test('opens a file anew after a rotation by others', async () => {
    const path = join(root, 'others.log')
    const endpoint = createEndpoint({ type: 'file', path, format: '{body}' })
    await send(endpoint, toRouted([{ payload: 'old' }]))
    renameSync(path, `${path}.old`)
    await send(endpoint, toRouted([{ payload: 'still old' }]))
    endpoint.reopen?.()
    await send(endpoint, toRouted([{ payload: 'new' }]))
    await endpoint.close?.()
    expect(readFileSync(`${path}.old`, 'utf8')).toBe('old\nstill old\n')
    expect(readFileSync(path, 'utf8')).toBe('new\n')
  })

  test('makes no file for each of a hundred thousand loggers', async () => {
    const folder = join(root, 'many')
    const path = `${folder}/{service}`
    const endpoint = createEndpoint({ type: 'file', path, format: '{service}', files: 20 })
    const items = toRouted(
      Array.from({ length: 2_000 }, (_, index) => ({ payload: 'x', logger: `l${index}` })),
    )
    await send(endpoint, items)
    await endpoint.close?.()
    expect(readdirSync(folder)).toHaveLength(21)
    expect(read('many', 'other').split('\n')).toHaveLength(1_981)
  })

  test('tells of a full disk, and can be tried again', async () => {
    symlinkSync('/dev/full', join(root, 'full.log'))
    const endpoint = createEndpoint({
      type: 'file',
      path: join(root, '{service}.log'),
      format: '{body}',
    })
    const items = toRouted([
      { payload: 'good', logger: 'good' },
      { payload: 'x', logger: 'full' },
    ])
    await expect(send(endpoint, items)).rejects.toThrow(/ENOSPC/)
    await endpoint.close?.()
    rmSync(join(root, 'full.log'))
    expect(await send(endpoint, items)).toEqual({ status: 'sent' })
    await endpoint.close?.()
    // The file that was written at the first try has its part once.
    expect([read('good.log'), read('full.log')]).toEqual(['good\n', 'x\n'])
  })
})
