// The token that the API may ask for. It stays in this tab and is gone when the tab is closed; it
// is sent as a header, which no page of another site can make a browser send.
import { signal } from '@preact/signals'

const place = 'wayward-token'

/** Whether the service has refused what was asked without a token, or with a wrong one. */
export const isTokenWanted = signal(false)
/** Grows when there is a new token: everything is asked again. */
export const round = signal(0)

/** Keeps a token, and asks again with it. */
export function useThisToken(token: string): void {
  if (token === '') sessionStorage.removeItem(place)
  else sessionStorage.setItem(place, token)
  isTokenWanted.value = false
  round.value++
}

/** Whether this tab has a token. */
export function hasToken(): boolean {
  return sessionStorage.getItem(place) !== null
}

/** Asks with the token, where there is one. */
export async function fetchAsMe(
  address: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const token = sessionStorage.getItem(place)
  const mine: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` }
  const response = await fetch(address, { signal, headers: { ...headers, ...mine } })
  if (response.status === 401) isTokenWanted.value = true
  return response
}
