import { pause, systemTime } from '@wayward/base'
import { describe, expect, test } from 'vitest'
import { createFakeTime } from '../harness/fake-time.ts'

describe('systemTime', () => {
  test('makes a call after its time, and not when it is cancelled', async () => {
    const calls: string[] = []
    const startMs = systemTime.monotonicMs()
    systemTime.after(1, () => calls.push('cancelled')).cancel()
    await new Promise<void>((resolve) => systemTime.after(5, resolve))
    expect(systemTime.monotonicMs() - startMs).toBeGreaterThanOrEqual(4)
    expect(calls).toEqual([])
  })

  test('has the wall clock of the machine', () => {
    expect(Math.abs(systemTime.wallMs() - Date.now())).toBeLessThan(1000)
  })
})

describe('pause()', () => {
  test('ends after its time', async () => {
    const time = createFakeTime()
    let isOver = false
    void pause(time, 50).then(() => (isOver = true))
    await time.pass(49)
    expect(isOver).toBe(false)
    await time.pass(1)
    expect(isOver).toBe(true)
  })

  test('ends when it is aborted, and leaves nothing waiting', async () => {
    const time = createFakeTime()
    const stop = new AbortController()
    const paused = pause(time, 50, stop.signal)
    stop.abort()
    await paused
    expect(time.waiting).toBe(0)
    await pause(time, 50, stop.signal)
  })
})
