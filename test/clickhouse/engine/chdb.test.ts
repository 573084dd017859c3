import { checkPlatform } from '@wayward/clickhouse/engine/chdb'
import { describe, expect, test } from 'vitest'

describe('checkPlatform()', () => {
  test.each([
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'x64'],
    ['darwin', 'arm64'],
  ])('has an engine for %s %s', (os, cpu) => {
    expect(() => checkPlatform({ os, cpu, isMusl: false })).not.toThrow()
  })

  test.each([
    ['win32', 'x64', false, 'win32 x64, only .*: run Wayward in WSL, or name a ClickHouse server'],
    ['linux', 'x64', true, 'linux x64 with musl, only .*: name a ClickHouse server'],
    ['linux', 'riscv64', false, 'linux riscv64, only .*: name a ClickHouse server'],
  ])('says in one line what to do on %s %s (musl: %s)', (os, cpu, isMusl, message) => {
    const check = (): void => checkPlatform({ os, cpu, isMusl })
    expect(check).toThrow(
      new RegExp(`^There is no embedded engine for ${message} with --clickhouse-url$`),
    )
  })
})
