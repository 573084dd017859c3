import { createFailureLog } from '@wayward/collector/pipeline/failure-log'
import { expect, test } from 'vitest'
import { createFakeTime } from '../../harness/fake-time.ts'

test('an outage is logged at its begin, once a minute, at each new reason, and at its end', async () => {
  const time = createFakeTime()
  const logged: unknown[] = []
  const note = (_message: string, fields?: object): void => void logged.push(fields)
  const log = createFailureLog('otel_logs', { info: note, warn: note, error: note }, time)
  for (let second = 0; second < 130; second++) {
    log.failed('retryable', new Error(second < 100 ? 'Down' : 'Full'))
    await time.pass(1_000)
  }
  log.succeeded()
  log.succeeded()
  expect(logged).toEqual([
    { table: 'otel_logs', cause: 'Down', failures: 1 },
    { table: 'otel_logs', cause: 'Down', failures: 61 },
    { table: 'otel_logs', cause: 'Full', failures: 101 },
    { table: 'otel_logs', failures: 130 },
  ])
})
