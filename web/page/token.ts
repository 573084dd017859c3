// The token that the API may ask for. It stays in this tab and is gone when the tab is closed; it
// is sent as a header, which no page of another site can make a browser send.
import { signal } from '@preact/signals'

const place = 'wayward-token'
const inAddress = /^#token=([\w-]+)$/.exec(location.hash)?.[1]

// The address that the service prints has it behind the #, which is sent nowhere; it is taken away
// so that no link that is passed on has it.
if (inAddress !== undefined) {
  sessionStorage.setItem(place, inAddress)
  history.replaceState(history.state, '', `${location.pathname}${location.search}`)
}

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

/** How it is asked. */
export interface AskedAs {
  readonly headers?: Readonly<Record<string, string>>
  /** @default GET */
  readonly method?: 'GET' | 'DELETE' | 'PUT' | 'POST'
  readonly body?: string | Blob
}

/** Asks with the token, where there is one. */
export async function fetchAsMe(
  address: string,
  signal: AbortSignal,
  { headers = {}, method = 'GET', ...rest }: AskedAs = {},
): Promise<Response> {
  const token = sessionStorage.getItem(place)
  const mine: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` }
  const response = await fetch(address, {
    ...rest,
    method,
    signal,
    headers: { ...headers, ...mine },
  })
  if (response.status === 401) isTokenWanted.value = true
  return response
}
