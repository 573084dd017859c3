// Goal: what a stream says of itself is never lost, whatever is dropped of its items. Method: a
// response that takes nothing until it is told to.
import { defaultCollectorLimits } from '@wayward/collector'
import { EventStream } from '@wayward/collector/live/event-stream'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { createFakeTime, settle } from '../../harness/fake-time.ts'

/** A response whose reader has stopped reading. */
class StalledResponse extends EventEmitter {
  headersSent = false
  destroyed = false
  isStalled = true
  written = ''

  writeHead(): void {
    this.headersSent = true
  }

  write(text: string): boolean {
    this.written += text
    return !this.isStalled
  }

  end(text: string): void {
    this.written += text
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

function setup(liveQueueBytesMax: number) {
  const response = new StalledResponse()
  const time = createFakeTime()
  const limits = { ...defaultCollectorLimits, liveQueueBytesMax }
  const stream = new EventStream(response as unknown as ServerResponse, { limits, time })
  return { response, stream, time }
}

test('items, dropped items, missed rows and gaps add up behind a reader that stalls', async () => {
  const { response, stream } = setup(500)
  stream.gap({ reason: 'not_kept', sinceMs: 0 })
  stream.open(() => undefined)
  await settle()
  for (let i = 0; i < 100; i++) {
    stream.item(`id-${i}`, JSON.stringify({ i }))
    stream.missed(2)
  }
  await settle()
  response.isStalled = false
  response.emit('drain')
  stream.end()
  const { written } = response
  const items = written.match(/^id: /gm)?.length ?? 0
  const dropped = Number(/"items":(\d+)/.exec(written)?.[1])
  expect(items).toBeGreaterThan(0)
  expect(items + dropped).toBe(100)
  expect(written).toContain('data: {"rows":200}')
  expect(written).toContain('data: {"reason":"not_kept","since":"1970-01-01T00:00:00.000Z"}')
  expect(written.endsWith('event: end\ndata: {}\n\n')).toBe(true)
})

test('one who takes nothing for a minute is given up', async () => {
  const { response, stream, time } = setup(500)
  let left = 0
  stream.open(() => left++)
  stream.item('id-1', '{}')
  await settle()
  await time.pass(defaultCollectorLimits.liveStalledMsMax - 1)
  expect([response.destroyed, left]).toEqual([false, 0])
  await time.pass(1)
  expect([response.destroyed, left]).toEqual([true, 1])
})
