// Moving writes a block a second time before the first is given up.
import { crcOfRange } from './scan.ts'
import type { FileBlock } from './segment.ts'

/**
 * All unconfirmed blocks by age. A crash while blocks were moved leaves two of one: the one that is
 * good is kept.
 *
 * @param hasMoved whether any were moved
 */
export async function uniqueBlocks(
  blocks: readonly FileBlock[],
  hasMoved: boolean,
): Promise<FileBlock[]> {
  if (!hasMoved) return [...blocks]
  const all = blocks.toSorted(
    (a, b) => a.originSequence - b.originSequence || a.originIndex - b.originIndex,
  )
  const unique: FileBlock[] = []
  for (const block of all) {
    const last = unique.at(-1)
    if (last === undefined || !isSameBlock(last, block)) unique.push(block)
    else if (await isGood(block)) {
      forget(last)
      unique[unique.length - 1] = block
    } else forget(block)
  }
  return unique
}

function isSameBlock(a: FileBlock, b: FileBlock): boolean {
  return a.originSequence === b.originSequence && a.originIndex === b.originIndex
}

function forget(block: FileBlock): void {
  block.segment?.noteConfirmed(block)
}

async function isGood({ segment, offset, byteLength, crc }: FileBlock): Promise<boolean> {
  if (segment === undefined) return false
  return await segment
    .withFile(async (file) => (await crcOfRange(file, offset, byteLength)) === crc)
    .catch(() => false)
}
