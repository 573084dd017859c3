/** What happens when: a clock that jumps from one thing to the next. */
export interface Timeline {
  /** Nanoseconds since the world began. */
  readonly now: number
  /** Of two things at one time the one that was asked for first happens first. */
  at(time: number, action: () => void): void
  /** Lets everything happen up to and including this time. */
  runUntil(time: number): void
}

interface Entry {
  readonly time: number
  readonly order: number
  readonly action: () => void
}

export function createTimeline(): Timeline {
  const heap: Entry[] = []
  let now = 0
  let count = 0
  return {
    get now() {
      return now
    },
    at(time, action) {
      push(heap, { time: Math.max(now, Math.round(time)), order: count++, action })
    },
    runUntil(time) {
      for (let next = heap[0]; next !== undefined && next.time <= time; next = heap[0]) {
        pop(heap)
        now = next.time
        next.action()
      }
      now = Math.max(now, time)
    },
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = heap[above] as Entry
    if (!isBefore(entry, parent)) break
    heap[index] = parent
    index = above
  }
  heap[index] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    let below = 2 * index + 1
    if (below >= heap.length) break
    const right = heap[below + 1]
    if (right !== undefined && isBefore(right, heap[below] as Entry)) below++
    const child = heap[below] as Entry
    if (!isBefore(child, last)) break
    heap[index] = child
    index = below
  }
  heap[index] = last
}
