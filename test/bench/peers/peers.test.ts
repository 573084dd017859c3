import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { otelcolProgram } from './otelcol.ts'
import { measurePeer, otelcol, peerSizes, wayward } from './peers.ts'

// Building the other collector takes minutes, so it only takes part where `npm run bench:peers` has
// built it.
const program = otelcolProgram()
const contenders = [wayward('fsync'), ...(existsSync(program) ? [otelcol(program, 'fsync')] : [])]

describe('bench:peers', () => {
  test.each(contenders)(
    '$name runs at size tiny, is killed once, and loses nothing',
    async (contender) => {
      const { lost, spansPerSecond, collectorCpu } = await measurePeer(contender, peerSizes.tiny)
      expect({ lost }).toEqual({ lost: 0 })
      expect(spansPerSecond).toBeGreaterThan(0)
      expect(collectorCpu).toBeGreaterThan(0)
    },
    120_000,
  )
})
