// What is seen and the boxes for it. When the view rests it goes into the address, and finer boxes
// are asked for, with half as much on both sides.
import { useEffect, useRef, useState } from 'preact/hooks'
import { askBytes } from '../ask.ts'
import { messageOf } from '../answered.tsx'
import { adjust, state, windowOf } from '../view-state.ts'
import { type Boxes, toBoxes } from './lanes.ts'
import { readBytes } from './read-bytes.ts'
import { padded, parseMoment, rfc3339, type TimeView } from './view.ts'

/** How long the view rests before finer boxes are asked for. */
const restMs = 120

/** Changes what is seen. */
export type SetView = (change: (now: TimeView) => TimeView) => void

interface Seen {
  readonly boxes: Boxes | undefined
  readonly view: TimeView | undefined
  readonly error: string
  readonly isAsking: boolean
  readonly setView: SetView
}

/** The boxes for what the address says, and for what is zoomed and moved from there. */
export function useBoxes(width: number): Seen {
  const { by, find, from, service, session, since, to } = state.value
  const [boxes, setBoxes] = useState<Boxes | undefined>(undefined)
  const [view, setOwnView] = useState<TimeView | undefined>(() => viewOf(from, to))
  const [{ error, isAsking }, setAsking] = useState({ error: '', isAsking: false })
  const subject = JSON.stringify([by, find, service, session])
  const known = useRef({ subject, address: addressOfView(view) })
  // Somebody else has written another window into the address: a button, or "back".
  useEffect(() => {
    if (from === '' ? view === undefined : `${from} ${to}` === known.current.address) return
    setOwnView(viewOf(from, to))
  }, [from, to, since])
  useEffect(() => {
    const gone = new AbortController()
    const look = async (): Promise<void> => {
      if (view !== undefined) {
        known.current.address = addressOfView(view)
        const [fromText, toText] = [rfc3339(view.fromNs), rfc3339(view.toNs)]
        if (fromText !== from || toText !== to) adjust({ since: '', from: fromText, to: toText })
        const isKnown = boxes !== undefined && known.current.subject === subject
        if (isKnown && !needsMore(view, boxes, width)) return
      }
      setAsking({ error: '', isAsking: true })
      try {
        const next = await askBoxes({ by, find }, view, width, gone.signal)
        known.current.subject = subject
        if (view === undefined) setOwnView({ fromNs: next.fromNs, toNs: next.toNs })
        setBoxes(next)
        setAsking({ error: '', isAsking: false })
      } catch (error) {
        if (!gone.signal.aborted) setAsking({ error: messageOf(error), isAsking: false })
      }
    }
    const timer = setTimeout(() => void look(), boxes === undefined ? 0 : restMs)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [view, subject, since])
  const setView: SetView = (change) => setOwnView((now) => (now === undefined ? now : change(now)))
  return { boxes, view, error, isAsking, setView }
}

function viewOf(from: string, to: string): TimeView | undefined {
  const [fromNs, toNs] = [parseMoment(from), parseMoment(to)]
  return fromNs === undefined || toNs === undefined || fromNs >= toNs ? undefined : { fromNs, toNs }
}

function addressOfView(view: TimeView | undefined): string {
  return view === undefined ? '' : `${rfc3339(view.fromNs)} ${rfc3339(view.toNs)}`
}

/** Whether what is seen lies beyond what is known, or is much nearer or farther. */
function needsMore(view: TimeView, boxes: Boxes, width: number): boolean {
  const pixelNs = Number(view.toNs - view.fromNs) / width
  const isCoarse = boxes.pixelNs > pixelNs * 1.2 && boxes.pixelNs > 1
  return (
    isCoarse || boxes.pixelNs < pixelNs / 3 || view.fromNs < boxes.fromNs || view.toNs > boxes.toNs
  )
}

async function askBoxes(
  { by, find }: { readonly by: string; readonly find: string },
  view: TimeView | undefined,
  width: number,
  signal: AbortSignal,
): Promise<Boxes> {
  const window = windowOf(state.peek())
  const wide = view === undefined ? undefined : padded(view)
  const { service = '', session = '' } = window
  const bytes = await askBytes(
    'timeline',
    wide === undefined
      ? { ...window, by, find, width: String(width), form: 'bytes' }
      : {
          service,
          session,
          by,
          find,
          from: rfc3339(wide.fromNs),
          to: rfc3339(wide.toNs),
          width: String(Math.min(8000, width * 2)),
          form: 'bytes',
        },
    signal,
  )
  return toBoxes(readBytes(bytes))
}
