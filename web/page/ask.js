// What the page asks of the API. An answer that is not wanted any more is broken off.
import { fetchAsMe } from './token.js'
/** A value of a row as text; empty where it has none. */
export function textOf(row, key) {
  const value = row[key]
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
/** Asks an address below `/api/v1/`, or a whole path. @throws Error with what the service said is wrong */
export async function ask(path, parameters, signal) {
  const response = await fetchFrom(path, parameters, signal)
  if (!response.ok) throw await refusalOf(response)
  return await response.json()
}
/** The same for an answer of bytes. @throws Error with what the service said is wrong */
export async function askBytes(path, parameters, signal) {
  const response = await fetchFrom(path, parameters, signal)
  if (!response.ok) throw await refusalOf(response)
  return await response.arrayBuffer()
}
async function fetchFrom(path, parameters, signal) {
  const query = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value !== ''),
  ).toString()
  const base = path.startsWith('/') ? '' : '/api/v1/'
  return await fetchAsMe(`${base}${path}${query === '' ? '' : `?${query}`}`, signal)
}
async function refusalOf(response) {
  const body = await response.json().catch(() => undefined)
  const detail = body?.detail
  return new Error(detail ?? `The service answered ${response.status}`)
}
//# sourceMappingURL=ask.js.map
