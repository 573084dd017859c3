import { AssertionError } from '@wayward/base'
import { realFiles } from '@wayward/collector/journal/journal-files'
import { type FileBlock, newSegmentName, Segment } from '@wayward/collector/journal/segment'
import { describe, expect, test } from 'vitest'

let number = 1

/** No file is opened here. */
function newSegment(): Segment {
  return new Segment(realFiles, 'nowhere', newSegmentName(number++))
}

function blockIn(segment: Segment, byteLength: number): FileBlock {
  return {
    table: 'otel_traces',
    token: 't',
    rows: 1,
    byteLength,
    crc: 0,
    originSequence: 1,
    originIndex: 0,
    segment,
    frameOffset: 0,
    frameIndex: 0,
    offset: 40,
    bytes: undefined,
  }
}

describe('a segment', () => {
  test('is open, then sealed or abandoned, and grows only while it is open', () => {
    const sealed = newSegment()
    expect(sealed.state).toBe('open')
    sealed.growTo(100)
    expect(() => sealed.growTo(100)).toThrow(AssertionError)
    sealed.seal()
    expect([sealed.state, sealed.end]).toEqual(['sealed', 100])
    expect(() => sealed.growTo(200)).toThrow(AssertionError)
    const abandoned = newSegment()
    abandoned.abandon()
    abandoned.seal()
    expect(abandoned.state).toBe('abandoned')
    expect(() => abandoned.growTo(200)).toThrow(AssertionError)
  })

  test('lets a block go once, to another segment or for good', () => {
    const [from, to] = [newSegment(), newSegment()]
    const block = blockIn(from, 60)
    from.add(block)
    expect([from.liveBlocks, from.liveBytes]).toEqual([1, 60])
    to.take(block, { frameOffset: 7, frameIndex: 2, offset: 90 })
    expect([from.liveBlocks, from.liveBytes, to.liveBlocks, to.liveBytes]).toEqual([0, 0, 1, 60])
    expect(block).toMatchObject({ frameOffset: 7, frameIndex: 2, offset: 90 })
    expect(block.segment).toBe(to)
    expect(() => from.release(block)).toThrow(AssertionError)
    to.release(block)
    expect(block.segment).toBeUndefined()
    expect([to.liveBlocks, to.liveBytes]).toEqual([0, 0])
    expect(() => to.release(block)).toThrow(AssertionError)
    expect(() => from.take(block, { frameOffset: 0, frameIndex: 0, offset: 0 })).toThrow(
      AssertionError,
    )
  })

  test('forgets its blocks only when none is left', () => {
    const segment = newSegment()
    const block = blockIn(segment, 60)
    segment.add(block)
    expect(() => segment.forgetBlocks()).toThrow(AssertionError)
    segment.release(block)
    segment.forgetBlocks()
    expect(segment.blocks).toEqual([])
  })
})
