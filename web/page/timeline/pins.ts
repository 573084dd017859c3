// The pinned lanes, as they stand in the address.
import { adjust } from '../view-state.ts'

/** The pinned lanes. What is no list in the address is none. */
export function pinsOf(text: string): readonly string[] {
  try {
    const found: unknown = text === '' ? [] : JSON.parse(text)
    return Array.isArray(found) ? found.filter((key) => typeof key === 'string') : []
  } catch {
    return []
  }
}

/** Changes the pinned lanes. */
export function pin(pins: readonly string[]): void {
  adjust({ pins: pins.length === 0 ? '' : JSON.stringify(pins) })
}
