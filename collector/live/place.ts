// The place of an item in the stream of a collector, by which a stream is resumed.

/** Where an item stands. */
export interface Place {
  /** When this run of the collector began, in Unix milliseconds. */
  readonly epoch: number
  /** The number of the block in this run, from 1 on. */
  readonly sequence: number
  readonly row: number
  /** When the block was committed, in Unix milliseconds. */
  readonly atMs: number
}

/** The place as the `id` of a server-sent event. */
export function writePlace({ epoch, sequence, row, atMs }: Place): string {
  return [epoch, sequence, row, atMs].map((number) => number.toString(36)).join('-')
}

/** @returns undefined where the text is none of ours */
export function parsePlace(text: string): Place | undefined {
  if (!/^[0-9a-z]{1,11}(?:-[0-9a-z]{1,11}){3}$/.test(text)) return undefined
  const [epoch = 0, sequence = 0, row = 0, atMs = 0] = text
    .split('-')
    .map((part) => Number.parseInt(part, 36))
  return { epoch, sequence, row, atMs }
}
