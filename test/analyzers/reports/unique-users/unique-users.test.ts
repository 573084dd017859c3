// Goal: users are counted once a day, and are new once. Method: random logins, counted by sets.
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'
import { type RecordedMessage, toMessageRows } from '../../../harness/messages.ts'
import { createDice } from '../../../harness/simulator/dice.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})
afterAll(async () => {
  await engine.shutdown()
})

const dayMs = 86_400_000
const keys = ['user.id', 'enduser.id', 'userid', 'user_id']

test('unique-users counts each user once a day, and as new once', async () => {
  const dice = createDice(11)
  const logins = Array.from({ length: 2_000 }, () => ({
    // From six in the morning, so that days of the recording are days of the calendar.
    day: dice.below(6),
    user: `user-${Math.floor(dice.below(40_000) ** 2 / 4e6)}`,
    key: keys[dice.below(keys.length)] ?? '',
  }))
  const messages = logins.map(
    ({ day, key, user }): RecordedMessage => ({
      type: 'login',
      at: day * dayMs + dice.below(dayMs / 2),
      fields: { [key]: user },
    }),
  )
  await engine.insertRows('otel_logs', toMessageRows(messages)['otel_logs'] ?? [])
  const { findings, rows } = await runAnalyzer(engine.reader, 'unique-users')
  const known = new Set<string>()
  const wanted = Array.from({ length: 6 }, (_, day) => {
    const own = logins.filter((one) => one.day === day)
    const users = new Set(own.map(({ user }) => user))
    const fresh = [...users].filter((user) => !known.has(user)).length
    for (const user of users) known.add(user)
    return { day: `2026-11-${21 + day}`, users: users.size, new_users: fresh, records: own.length }
  })
  expect(rows).toHaveLength(6)
  expect(rows.toReversed()).toMatchObject(wanted)
  expect(findings).toEqual([])
})
