// Goal: the format is the original's, byte for byte, and no file can mislead the reader. Method:
// bytes that the original wrote, then the same bytes cut, grown, and with each byte changed.
import { createHash } from 'node:crypto'
import { readStats } from '@wayward/mmstats'
import { describe, expect, test } from 'vitest'
import { bytesOf, page, single, threeVectors, v1Vectors, v2Vectors, v3Values } from './vectors.ts'

/** The values by label. */
function valuesOf(bytes: Uint8Array): Record<string, unknown> {
  const { stats, problem } = readStats(bytes)
  expect(problem).toBeUndefined()
  return Object.fromEntries(stats.map((stat) => [stat.label, stat.value]))
}

describe('readStats()', () => {
  test.each(v1Vectors)('reads $value of a counter', ({ hex, value }) => {
    expect(valuesOf(page(bytesOf(hex)))).toEqual({ 'web.hits': value })
  })

  test.each(single)('reads $name', ({ hex, value }) => {
    expect(valuesOf(page(bytesOf(`01 ${hex}`)))).toEqual({ f: value })
  })

  test('reads nine fields of one file, the very bytes of the original', () => {
    const bytes = page(bytesOf(threeVectors))
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '1189ebc1e7bcc34c09ea2161f96d30e01d748719780f9fef823233d84c435b79',
    )
    expect(valuesOf(bytes)).toEqual(v3Values)
  })

  test('reads a file of the other byte order', () => {
    const hex =
      '01 00 08 77 65 62 2e 68 69 74 73 00 01 51 00' +
      '00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 2a'
    const content = readStats(page(bytesOf(hex)))
    expect(content.isLittleEndian).toBe(false)
    expect(content.stats).toMatchObject([{ label: 'web.hits', value: 42n }])
  })

  test.each(v2Vectors)('reads $name of version 2', ({ hex, label, value }) => {
    expect(readStats(bytesOf(hex))).toMatchObject({
      version: 2,
      problem: undefined,
      stats: [{ label, value }],
    })
  })

  test('reads a page that is full to its last or last but one byte, without a terminator', () => {
    for (const bytes of [4096, 4095]) {
      const label = 'x'.repeat(bytes - 1 - 2 - 2 - 1 - 1 - 1)
      const head = [1, label.length & 255, label.length >> 8, ...Buffer.from(label)]
      expect(valuesOf(page(Uint8Array.of(...head, 1, 0, 0x3f, 255, 1)))).toEqual({ [label]: true })
    }
  })

  test('says what a file is that is not one of stats', () => {
    expect(readStats(new Uint8Array(0)).problem).toMatch(/file is empty/)
    expect(readStats(page(Uint8Array.of(0))).problem).toMatch(/got 0x00, wanted .*0x01/)
    expect(readStats(new TextEncoder().encode('#!/bin/sh')).problem).toMatch(/got 0x23/)
    expect(readStats(Uint8Array.of(1))).toMatchObject({ stats: [], problem: undefined })
  })

  test('says where a file is cut', () => {
    expect(readStats(bytesOf('01 05')).problem).toMatch(/cut at byte 1: the label/)
    expect(readStats(bytesOf('01 05 00 61 62')).problem).toMatch(/cut at byte 1: the label/)
    expect(readStats(bytesOf('01 01 00 61 05 00 51')).problem).toMatch(/byte 4: the type/)
    expect(readStats(bytesOf('01 01 00 61 01 00 51')).problem).toMatch(/byte 7: the write buffer/)
    expect(readStats(bytesOf('01 01 00 61 01 00 51 ff 01')).problem).toMatch(/byte 8: the value/)
  })

  test('gives what comes before a fault', () => {
    const good = '01 00 61 01 00 3f ff 01'
    const content = readStats(bytesOf(`01 ${good} 01 00 62 01 00 7a ff 01`))
    expect(content.stats).toMatchObject([{ label: 'a', value: true }])
    expect(content.problem).toMatch(/Unknown type at byte 12: got "z"/)
  })

  test('leaves out bytes of a label or a text that are not UTF-8', () => {
    expect(valuesOf(bytesOf('01 03 00 61 c3 62 02 00 34 73 ff 78 ff 79 00'))).toEqual({ ab: 'xy' })
  })

  test('reads every label length', () => {
    for (const length of [1, 255, 256, 512, 65_535]) {
      const label = 'y'.repeat(length)
      const head = Uint8Array.of(1, length & 255, length >> 8)
      const bytes = Buffer.concat([head, Buffer.from(label), bytesOf('01 00 3f ff 01')])
      expect(valuesOf(page(bytes))).toEqual({ [label]: true })
    }
  })

  test('keeps fields of the same label', () => {
    const field = '01 00 61 01 00 3f ff'
    expect(readStats(bytesOf(`01 ${field} 01 ${field} 00`)).stats).toHaveLength(2)
  })

  test('never throws and never reads outside, wherever a file is cut or changed', () => {
    const files = [bytesOf(threeVectors), ...v2Vectors.map(({ hex }) => bytesOf(hex))]
    let checked = 0
    for (const file of files) {
      for (let cut = 0; cut <= file.byteLength; cut++) {
        expect(readStats(file.subarray(0, cut)).stats.length).toBeLessThanOrEqual(9)
        checked++
      }
      for (let at = 0; at < file.byteLength; at++) {
        for (const byte of [0, 1, 2, 0x7f, 0xff]) {
          const changed = Uint8Array.from(file)
          changed[at] = byte
          expect(readStats(changed).stats.length).toBeLessThan(100)
          checked++
        }
      }
    }
    expect(checked).toBeGreaterThan(1500)
  })
})
