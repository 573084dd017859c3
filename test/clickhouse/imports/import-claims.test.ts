// Goal: of collectors that share a store at most one imports a session at a time, whatever the
// order in which they ask; a claim that was left behind stands against all but its own collector.
import { claimImport, endImport } from '@wayward/clickhouse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
}, 120_000)

afterAll(async () => {
  await engine.shutdown()
})

const importer = (collector: string) => ({ collector, host: `host of ${collector}` })
const key = (session: string) => ({ service: 'shop', session })

test('one of many that ask at once has it, and the others are told who', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const ask = (name: string) => claimImport(engine.writer, importer(name), [key('x'), key('y')])
  const answers = await Promise.all(names.map(ask))
  const winners = names.filter((_, index) => answers[index]?.length === 0)
  expect(winners.length).toBeLessThanOrEqual(1)
  const [winner = 'a'] = winners
  // Where all have stepped back, the next one has it.
  if (winners.length === 0) expect(await ask(winner)).toEqual([])
  for (const name of names.filter((one) => one !== winner)) {
    expect(await ask(name)).toMatchObject([
      { service: 'shop', session: 'x', host: `host of ${winner}` },
      { session: 'y' },
    ])
  }
  await endImport(engine.writer, importer(winner), [key('x'), key('y')])
  const next = names.find((name) => name !== winner) ?? ''
  expect(await ask(next)).toEqual([])
  await endImport(engine.writer, importer(next), [key('x'), key('y')])
})

test('a claim that was left behind is as good for its own collector, and for no other', async () => {
  expect(await claimImport(engine.writer, importer('a'), [key('z')])).toEqual([])
  expect(await claimImport(engine.writer, importer('a'), [key('z')])).toEqual([])
  const [found] = await claimImport(engine.writer, importer('b'), [key('z')])
  expect(found?.since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  // Another service may have a session of the same id.
  const other = { service: 'till', session: 'z' }
  expect(await claimImport(engine.writer, importer('b'), [other])).toEqual([])
})
