// The names of lanes, left of their boxes; each can be chosen, pinned and moved.
import { adjust, state } from '../view-state.ts'
import { laneHeight, rulerHeight } from './draw.ts'
import type { LaneOfBoxes } from './lanes.ts'
import { pin } from './pins.ts'

/** The column of names. */
export function Labels({
  chosen,
  lanes,
  pins,
}: {
  readonly lanes: readonly LaneOfBoxes[]
  readonly pins: readonly string[]
  readonly chosen: string
}) {
  return (
    <ul class="labels" style={{ paddingTop: `${rulerHeight}px` }} aria-label="Lanes">
      {lanes.map(({ key, lane, title }, row) => {
        const place = pins.indexOf(key)
        const isPinned = place >= 0
        return (
          <li
            key={key}
            data-row={row}
            style={{ height: `${laneHeight}px` }}
            class={chosen !== '' && (key === chosen || lane.name === chosen) ? 'chosen' : ''}
          >
            <button
              type="button"
              class="pin"
              aria-pressed={isPinned}
              aria-label={`Pin ${title}`}
              title="Keep at the top"
              onClick={() => pin(isPinned ? pins.filter((other) => other !== key) : [...pins, key])}
            >
              {isPinned ? '★' : '☆'}
            </button>
            {place > 0 && (
              <button
                type="button"
                class="pin"
                aria-label={`Move ${title} up`}
                title="Move up"
                onClick={() => pin(movedUp(pins, place))}
              >
                ↑
              </button>
            )}
            <button
              type="button"
              class="link"
              title={title}
              onClick={() =>
                adjust({ lane: state.value.lane === key ? '' : key, at: '', pick: '' })
              }
            >
              {title}
            </button>
          </li>
        )
      })}
    </ul>
  )
}

function movedUp(pins: readonly string[], place: number): readonly string[] {
  const moved = [...pins]
  moved.splice(place - 1, 0, ...moved.splice(place, 1))
  return moved
}
