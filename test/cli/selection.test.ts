import { toSelection } from 'wayward/selection'
import { describe, expect, test } from 'vitest'

const nowNs = 1_795_240_800_000_000_000n
const none = {
  since: undefined,
  from: undefined,
  to: undefined,
  service: undefined,
  session: undefined,
}

describe('toSelection()', () => {
  test('counts --since back from now, or from --to', () => {
    expect(toSelection({ ...none, since: 1000 }, nowNs).from).toBe(nowNs - 1_000_000_000n)
    expect(toSelection({ ...none, since: 1000, to: 5_000_000_000n }, nowNs).from).toBe(
      4_000_000_000n,
    )
  })

  test('takes now as a time', () => {
    expect(toSelection({ ...none, to: 'now' }, nowNs).to).toBe(nowNs)
  })

  test('refuses two beginnings, and an end before the beginning', () => {
    expect(() => toSelection({ ...none, since: 1, from: 1n }, nowNs)).toThrow(/--since and --from/)
    expect(() => toSelection({ ...none, from: 2n, to: 1n }, nowNs)).toThrow(
      /Nothing can lie between/,
    )
  })
})
