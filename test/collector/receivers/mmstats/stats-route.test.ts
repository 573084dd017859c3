// Goal: who looks at stats files sees what each holds now, and what is wrong with one, and nothing
// outside of the folder that is watched. Method: real files.
import type { Exchange } from '@wayward/base'
import { createStatsFilesRoute } from '@wayward/collector/receivers/mmstats/stats-route'
import { counter, createStats, double, string, uint64 } from '@wayward/mmstats'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-route-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Answer {
  readonly globs: readonly string[]
  readonly found: number
  readonly files: readonly {
    readonly path: string
    readonly pid?: number
    readonly state?: string
    readonly problem?: string
    readonly fields: readonly { readonly label: string; readonly value: unknown }[]
  }[]
}

async function ask(globs: readonly string[], query = ''): Promise<Answer> {
  const exchange = { query: new URLSearchParams(query) } as Partial<Exchange> as Exchange
  const reply = await createStatsFilesRoute(globs).handle(exchange)
  if (reply === undefined || !('body' in reply)) throw new Error('There is no answer')
  return JSON.parse(String(reply.body)) as Answer
}

test('has the values of each file, and who writes it', async () => {
  const fields = { hits: counter(), large: uint64(), level: double(), state: string() }
  const stats = createStats(fields, { path: folder, filename: 'one.mmstats', prefix: 'web.' })
  stats.hits.increment(3)
  stats.large.value = 2n ** 63n
  stats.level.value = Number.NaN
  stats.state.value = '<b>busy</b>'
  const globs = [join(folder, '*.mmstats')]
  const answer = await ask(globs, 'label=web.')
  expect(answer).toMatchObject({ globs, found: 1 })
  const [file] = answer.files
  expect(file).toMatchObject({ pid: process.pid, state: 'alive' })
  const values = file?.fields.filter(({ label }) => /^web\.[hls]/.test(label))
  expect(Object.fromEntries(values?.map(({ label, value }) => [label, value]) ?? [])).toMatchObject(
    {
      'web.hits': 3,
      'web.large': '9223372036854775808',
      'web.level': null,
      'web.state': '<b>busy</b>',
    },
  )
  expect((await ask(globs, 'label=web.hits')).files[0]?.fields).toEqual([
    { label: 'web.hits', value: 3 },
  ])
  stats.remove()
  expect(await ask(globs)).toMatchObject({ found: 0, files: [] })
})

test('says what is wrong with a file, and shows the others', async () => {
  const stats = createStats({ hits: counter() }, { path: folder, filename: 'z.mmstats' })
  writeFileSync(join(folder, 'empty.mmstats'), '')
  writeFileSync(join(folder, 'foreign.mmstats'), 'not a stats file')
  symlinkSync('/etc/passwd', join(folder, 'link.mmstats'))
  const { files, found } = await ask([join(folder, '*.mmstats')])
  expect(found).toBe(4)
  for (const { fields, path, problem } of files) {
    if (path.endsWith('z.mmstats')) expect(fields).toContainEqual({ label: 'hits', value: 0 })
    else expect([fields, problem]).toEqual([[], expect.stringMatching(/stats file|leaves|out of/i)])
  }
  stats.remove()
})

test('shows so many files and fields that a person can look at', async () => {
  const models = Array.from({ length: 203 }, (_, index) =>
    createStats(
      Object.fromEntries(Array.from({ length: 60 }, (_field, n) => [`f${n}`, counter()])),
      { path: folder, filename: `${index}.mmstats`, defaults: false },
    ),
  )
  const { files, found } = await ask([join(folder, '*.mmstats')])
  expect([found, files.length]).toEqual([203, 200])
  expect(files.reduce((sum, { fields }) => sum + fields.length, 0)).toBe(10_000)
  for (const model of models) model.remove()
})

test('says so where nothing is watched', async () => {
  expect(await ask([])).toEqual({ globs: [], found: 0, files: [] })
})
