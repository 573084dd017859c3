import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { expect, test } from 'vitest'
import { readNativeBlock } from '../../clickhouse/native/native-reader.ts'
import { bytesField } from './proto-writer.ts'

const mebibyte = 1024 * 1024

function logRequest(text: string): Uint8Array {
  const record = bytesField(5, bytesField(1, text))
  return bytesField(1, bytesField(2, bytesField(2, record)))
}

test('a giant block does not cost memory after the next one', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const decoder = createLogsDecoder(defaultDecodeLimits, Date.now)
  const small = logRequest('small')
  const buffers = async () => {
    // What a collection finds is given back in the background, and counted with the next one.
    for (let i = 0; i < 3; i++) {
      collect()
      await setImmediate()
    }
    return process.memoryUsage().arrayBuffers
  }
  decoder.decode('protobuf', small)
  decoder.blocks[0].take()
  const before = await buffers()
  decoder.decode('protobuf', logRequest('x'.repeat(48 * mebibyte)))
  expect(decoder.blocks[0].bytes).toBeGreaterThan(48 * mebibyte)
  decoder.blocks[0].take()
  decoder.decode('protobuf', small)
  decoder.blocks[0].take()
  expect((await buffers()) - before).toBeLessThan(mebibyte)
})

// Goal: the chunks of a block stay what they were, whatever is decoded later: an insert may repeat
// them.
test('takeBlock() hands out bytes that later requests do not touch', () => {
  const decoder = createLogsDecoder(defaultDecodeLimits, Date.now)
  decoder.decode('protobuf', logRequest('first'))
  const chunks = decoder.blocks[0].take()
  for (let i = 0; i < 100; i++) decoder.decode('protobuf', logRequest(`later ${i}`))
  decoder.blocks[0].take()
  expect(readNativeBlock(Buffer.concat(chunks)).rows[0]?.['Body']).toBe('first')
})
