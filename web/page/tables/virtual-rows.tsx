// Rows of one height, of which only those that are seen are there: a hundred thousand scroll as
// smoothly as ten.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** What is shown. */
export interface VirtualRowsParts<T> {
  readonly items: readonly T[]
  readonly rowHeight: number
  readonly label: string
  readonly children: (item: T, place: number) => ComponentChildren
  /** A row that must be seen. @default none */
  readonly shown?: number
  /** Called when the end comes into sight. */
  readonly onEnd?: () => void
}

/** Rows beyond those that are seen, above and below. */
const margin = 8
/** Browsers draw nothing that is farther down than this. */
const heightMax = 15_000_000

/** The list, as high as the window leaves room for. */
export function VirtualRows<T>(parts: VirtualRowsParts<T>) {
  const { children, items, label, onEnd, rowHeight, shown } = parts
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  useEffect(() => {
    const measure = (): void => setHeight(box.current?.clientHeight ?? 600)
    measure()
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [])
  useEffect(() => {
    if (shown !== undefined && shown >= 0)
      box.current?.scrollTo({ top: Math.max(0, (shown - 3) * rowHeight) })
  }, [shown])
  const first = Math.max(0, Math.floor(top / rowHeight) - margin)
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + margin)
  useEffect(() => {
    if (last >= items.length && items.length > 0) onEnd?.()
  }, [last, items.length])
  const whole = Math.min(heightMax, items.length * rowHeight)
  return (
    <div
      ref={box}
      class="virtual"
      role="table"
      aria-label={label}
      aria-rowcount={items.length}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div role="rowgroup" style={{ height: `${whole}px` }}>
        <div role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {items.slice(first, last).map((item, i) => children(item, first + i))}
        </div>
      </div>
    </div>
  )
}
