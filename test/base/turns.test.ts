import { createTurns } from '@wayward/base'
import { describe, expect, test } from 'vitest'

describe('createTurns()', () => {
  test('does one work after the other, in the order of the calls', async () => {
    const turns = createTurns()
    const seen: string[] = []
    const work = (name: string) => async (): Promise<string> => {
      seen.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(`${name} ends`)
      return name
    }
    expect(await Promise.all([turns.take(work('a')), turns.take(work('b'))])).toEqual(['a', 'b'])
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })

  test('gives a failure to whoever gave the work, and goes on', async () => {
    const turns = createTurns()
    const failing = turns.take(() => {
      throw new Error('no')
    })
    const next = turns.take(() => 'yes')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })

  test('whenDone() waits for all work so far, and does not reject', async () => {
    const turns = createTurns()
    let isDone = false
    const failing = turns.take(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      isDone = true
      throw new Error('no')
    })
    await turns.whenDone()
    expect(isDone).toBe(true)
    await expect(failing).rejects.toThrow('no')
  })
})
