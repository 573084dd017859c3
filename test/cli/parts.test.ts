import { createLogger } from '@wayward/base'
import { expect, test } from 'vitest'
import { createParts } from 'wayward/parts'

test('stops all parts, the last first, also behind one that cannot be stopped', async () => {
  const log: string[] = []
  const parts = createParts(createLogger({ write: (line) => log.push(line) }))
  const stopped: string[] = []
  const stop = async (part: string): Promise<void> => {
    if (part === 'second') throw new Error('it hangs')
    stopped.push(part)
  }
  expect(parts.add('first', stop)).toBe('first')
  parts.add('second', stop)
  parts.add('third', stop)
  await parts.shutdown()
  await parts.shutdown()
  expect(stopped).toEqual(['third', 'first'])
  expect(log.join('')).toMatch(/Could not stop cleanly.*it hangs/)
})
