// Lanes of locks, queues, jobs, spans, log records and processes over time. The state of the view is
// the address; what is drawn between two answers is the older answer, moved and stretched.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Minimap } from './minimap.tsx'
import { Sql } from '../answered.tsx'
import { formatCount } from '../format.ts'
import { state } from '../view-state.ts'
import { Labels } from './labels.tsx'
import { orderLanes } from './lanes.ts'
import { Chosen } from './chosen.tsx'
import { pinsOf } from './pins.ts'
import { Plot } from './plot.tsx'
import { Sums } from './sums.tsx'
import { Toolbar } from './toolbar.tsx'
import { useBlocks } from './blocks.ts'
import { useBoxes } from './use-boxes.ts'

/** The page with the timeline. */
export function Timeline() {
  const width = Math.min(4000, Math.max(200, innerWidth - 24))
  const { boxes, error, isAsking, setView, view } = useBoxes(width)
  const { lane: chosen, pins } = state.value
  const lanes = useMemo(
    () => (boxes === undefined ? [] : orderLanes(boxes, pinsOf(pins), chosen)),
    [boxes, pins, chosen],
  )
  const blocks = useBlocks(view, lanes)
  const scroller = useRef<HTMLDivElement>(null)
  const [hover, setHover] = useState('')
  useEffect(() => {
    if (chosen === '') return
    const row = lanes.findIndex(({ key, lane }) => key === chosen || lane.name === chosen)
    const label = scroller.current?.querySelector(`[data-row="${row}"]`)
    label?.scrollIntoView({ block: 'nearest' })
  }, [chosen, boxes === undefined])
  if (boxes === undefined || view === undefined) {
    if (error !== '') {
      return (
        <p class="problem" role="alert">
          {error}
        </p>
      )
    }
    return (
      <p class="quiet" aria-live="polite">
        Asking for the timeline …
      </p>
    )
  }
  return (
    <>
      <Toolbar hover={hover} isAsking={isAsking} error={error} />
      <Minimap view={view} setView={setView} />
      {lanes.length === 0 ? (
        <p class="empty">
          Nothing was held, waited for or run here. A longer time range may have some: press “fit”.
        </p>
      ) : (
        <div class="lanes" ref={scroller}>
          <Labels lanes={lanes} pins={pinsOf(pins)} chosen={chosen} />
          <Plot
            boxes={boxes}
            lanes={lanes}
            view={view}
            setView={setView}
            blocks={blocks}
            scroller={scroller}
            setHover={setHover}
          />
        </div>
      )}
      <p class="quiet">
        {formatCount(lanes.length)} lanes, the worst first
        {boxes.isCut ? '; there are more: zoom in or find a lane by its name' : ''}.
      </p>
      <Chosen view={view} blocks={blocks} />
      <Sums />
      <Sql sql={boxes.sql} />
    </>
  )
}
