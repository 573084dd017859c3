/** What the journal did since it was opened. */
export interface Counters {
  appendedFrames: number
  appendedBytes: number
  syncs: number
  refusedFrames: number
  recycledSegments: number
  compactedBlocks: number
  damagedRecords: number
  setAsideRecords: number
  setAsideRows: number
  setAsideBytes: number
}

export function createCounters(): Counters {
  return {
    appendedFrames: 0,
    appendedBytes: 0,
    syncs: 0,
    refusedFrames: 0,
    recycledSegments: 0,
    compactedBlocks: 0,
    damagedRecords: 0,
    setAsideRecords: 0,
    setAsideRows: 0,
    setAsideBytes: 0,
  }
}
