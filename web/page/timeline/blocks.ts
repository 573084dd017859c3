// Who waited for whom in what is seen: asked for when the view rests.
import { useAnswer } from '../answered.tsx'
import type { Table } from '../ask.ts'
import { adjust, state } from '../view-state.ts'
import { laneKey, type LaneOfBoxes } from './lanes.ts'
import { parseMoment, type TimeView } from './view.ts'

/** Somebody who waited, and who held the lock meanwhile. */
export interface Block {
  readonly lockName: string
  readonly waiter: string
  readonly holder: string
  readonly waitKey: string
  readonly holdKey: string
  readonly waitFromNs: bigint
  readonly waitNs: number
  readonly holdFromNs: bigint
  readonly holdNs: number
  readonly waitSpanId: string
  readonly holdSpanId: string
}

/** The longest waits of the view, and their holders. */
export function useBlocks(
  view: TimeView | undefined,
  lanes: readonly LaneOfBoxes[],
): readonly Block[] {
  const { by, from, service, session, to } = state.value
  // The address has the view once it rests.
  const isResting = view !== undefined && parseMoment(from) !== undefined
  const hasWaits = lanes.some(({ runs }) => runs.some(({ look }) => look === 'waiting'))
  const { value } = useAnswer<Table>(isResting && hasWaits ? 'blocks' : '', {
    service,
    session,
    from,
    to,
  })
  if (value === undefined || !hasWaits) return []
  return value.rows.map((row) => {
    const text = (key: string): string => String(row[key])
    const keyOf = (who: 'waiter' | 'holder'): string =>
      laneKey({
        kind: by === '' ? 'lock' : by,
        service: text('service'),
        name: by === '' ? text('lock_name') : text(`${who}_${by}`),
      })
    return {
      lockName: text('lock_name'),
      waiter: text('waiter'),
      holder: text('holder'),
      waitKey: keyOf('waiter'),
      holdKey: keyOf('holder'),
      waitFromNs: BigInt(text('wait_from_ns')),
      waitNs: Number(row['wait_ns']),
      holdFromNs: BigInt(text('hold_from_ns')),
      holdNs: Number(row['hold_ns']),
      waitSpanId: text('wait_span_id'),
      holdSpanId: text('hold_span_id'),
    }
  })
}

/** Chooses the hold that a wait waited for: of the chosen wait, or of the longest there is. */
export function toHolder(blocks: readonly Block[]): Block | undefined {
  const { pick } = state.peek()
  const found =
    blocks.find(({ waitSpanId }) => waitSpanId === pick) ?? (pick === '' ? blocks[0] : undefined)
  if (found === undefined) return undefined
  adjust({ lane: found.holdKey, at: String(found.holdFromNs), pick: found.holdSpanId })
  return found
}

/** Chooses who waited longest for the chosen hold. */
export function toWaiter(blocks: readonly Block[]): Block | undefined {
  const { pick } = state.peek()
  const found =
    blocks.find(({ holdSpanId }) => holdSpanId === pick) ?? (pick === '' ? blocks[0] : undefined)
  if (found === undefined) return undefined
  adjust({ lane: found.waitKey, at: String(found.waitFromNs), pick: found.waitSpanId })
  return found
}
