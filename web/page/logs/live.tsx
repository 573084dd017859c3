// Log records as they are reported: the latest first, with a pause. The stream goes on by itself
// where it was broken off.
import { useEffect, useRef, useState } from 'preact/hooks'
import { queryOf } from '../ask.ts'
import { formatCount, formatTime, visible } from '../format.ts'
import { VirtualRows } from '../tables/virtual-rows.tsx'
import { open, state } from '../view-state.ts'
import { readEvents, type StreamEvent } from './read-events.ts'

const rowHeight = 24
/** Older ones go. */
const keptMax = 20_000
/** How often new ones are shown. */
const showEveryMs = 250

interface Item {
  readonly time: string
  readonly service?: string
  readonly name?: string
  readonly body?: string
  readonly severity?: string
  readonly traceId?: string
  readonly spanId?: string
}

/** The records that come in. */
export function Live() {
  const { logger } = state.value
  const [isPaused, setPaused] = useState(false)
  const { items, note } = useStream(isPaused)
  return (
    <>
      <p class="tools">
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <span class="quiet" aria-live="polite">
          {note}
        </span>
        <span class="quiet">
          {formatCount(items.length)} records
          {logger === '' ? '' : ', of all channels: streams do not name them'}
        </span>
      </p>
      <VirtualRows items={items} rowHeight={rowHeight} label="Live log records">
        {(item, place) => <Record key={items.length - place} item={item} />}
      </VirtualRows>
    </>
  )
}

/** What has come since the filters were chosen; while paused it is kept and not shown. */
function useStream(isPaused: boolean): {
  readonly items: readonly Item[]
  readonly note: string
} {
  const { service, session, severity, text } = state.value
  const [items, setItems] = useState<readonly Item[]>([])
  const [note, setNote] = useState('Waiting for records …')
  const waiting = useRef<Item[]>([])
  const paused = useRef(false)
  paused.current = isPaused
  const where = whereOf({ severity, text })
  useEffect(() => {
    const given = { service, session, kind: 'log', where }
    const query = queryOf(given)
    const take = ({ data, type }: StreamEvent): void => {
      if (type !== 'message') {
        setNote(`Live; ${type}: ${visible(data)}`)
        return
      }
      waiting.current.push(JSON.parse(data) as Item)
      if (waiting.current.length > 2 * keptMax) waiting.current = waiting.current.slice(-keptMax)
    }
    const stop = readEvents(`/api/stream?${query}`, take, (isOpen) =>
      setNote(isOpen ? 'Live' : 'The service does not answer; trying again …'),
    )
    const timer = setInterval(() => {
      if (paused.current || waiting.current.length === 0) return
      const fresh = waiting.current.toReversed()
      waiting.current = []
      setItems((before) => [...fresh, ...before].slice(0, keptMax))
    }, showEveryMs)
    return () => {
      stop()
      clearInterval(timer)
    }
  }, [service, session, where])
  return { items, note }
}

function Record({ item }: { readonly item: Item }) {
  const { body, name = '', service = '', severity = '', time, traceId = '' } = item
  const text = visible(body ?? name)
  return (
    <div role="row" class={`log-row ${levelOf(severity)}`} style={{ height: `${rowHeight}px` }}>
      <span role="cell">{formatTime(time)}</span>
      <span role="cell">{visible(severity)}</span>
      <span role="cell">{visible(service)}</span>
      <span role="cell" />
      <span role="cell" class="body">
        {traceId === '' ? (
          text
        ) : (
          <button
            type="button"
            class="link plain"
            onClick={() => open('traces', { trace: traceId })}
          >
            {text}
          </button>
        )}
      </span>
    </div>
  )
}

function levelOf(severity: string): string {
  if (/^(?:ERR|FATAL|CRIT)/i.test(severity)) return 'bad'
  return /^WARN/i.test(severity) ? 'warn' : ''
}

/** The expression of the stream that stands for the filters. */
function whereOf({ severity, text }: { readonly severity: string; readonly text: string }): string {
  const parts = [
    ...(/^\d+$/.test(severity) ? [`severity >= ${severity}`] : []),
    ...(text === '' ? [] : [`body.contains(${JSON.stringify(text)})`]),
  ]
  return parts.map((part) => `(${part})`).join(' && ')
}
