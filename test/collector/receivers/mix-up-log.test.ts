import { createLogger } from '@wayward/base'
import { createMixUpLog, mixUpIntervalMs } from '@wayward/collector/receivers/mix-up-log'
import { expect, test } from 'vitest'

test('note() warns at once, then once in a while, with how many were not told', () => {
  const lines: string[] = []
  let nowMs = 0
  const log = createMixUpLog(
    createLogger({ write: (line) => lines.push(line.trim()) }, { now: () => new Date(0) }),
    { monotonicMs: () => nowMs },
  )
  log.note('otlp_http', '10.0.0.7', 'This is gRPC')
  for (let i = 0; i < 1000; i++) log.note('otlp_http', '10.0.0.7', 'This is gRPC')
  log.note('otlp_grpc', '10.0.0.8', 'This is HTTP')
  nowMs = mixUpIntervalMs
  log.note('otlp_http', '10.0.0.9', 'This is gRPC')
  const at = '1970-01-01T00:00:00.000Z warn'
  expect(lines).toEqual([
    `${at} This is gRPC receiver=otlp_http client=10.0.0.7`,
    `${at} This is HTTP receiver=otlp_grpc client=10.0.0.8`,
    `${at} This is gRPC receiver=otlp_http client=10.0.0.9 moreBefore=1000`,
  ])
})
