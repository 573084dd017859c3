import { checkLimits, defaultCollectorLimits } from '@wayward/collector'
import { expect, test } from 'vitest'

test('limits that contradict each other are refused with the settings that cure it', () => {
  expect(() => checkLimits(defaultCollectorLimits)).not.toThrow()
  expect(() => checkLimits({ ...defaultCollectorLimits, requestTimeoutMs: 5_000 })).toThrow(
    'Cannot give a whole request 5000 ms and its head 10000 ms; set request-timeout to at least 10000ms, or headers-timeout to less',
  )
  expect(() => checkLimits({ ...defaultCollectorLimits, requestBytesInFlightMax: 1 })).toThrow(
    /set request-bytes-in-flight-max to at least 134217728/,
  )
})
