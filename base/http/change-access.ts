// Who may change what is stored. Who gets through the door may read; on loopback without tokens or
// certificates that is every program and every user of the machine. So there the token is asked for
// that is in the address that the service prints; a page of another site cannot send it.
import { timingSafeEqual } from 'node:crypto'
import type { Access } from './access.ts'
import type { Refusal } from './reply.ts'
import type { Exchange } from './route.ts'

/** The check of requests that change something. */
export type ChangeAccess = (exchange: Pick<Exchange, 'request'>) => Refusal | undefined

/**
 * Who has shown a token or a certificate at the door may change what is stored; where nothing is
 * asked for there, who sends this token.
 *
 * @param access of the same door
 */
export function createChangeAccess(
  { isRestricted }: Pick<Access, 'isRestricted'>,
  token: string,
): ChangeAccess {
  const wanted = Buffer.from(`Bearer ${token}`)
  return ({ request }) => {
    if (isRestricted) return undefined
    const seen = Buffer.from(request.headers.authorization ?? '')
    if (seen.length === wanted.length && timingSafeEqual(seen, wanted)) return undefined
    const wrong = seen.length === 0 ? 'A token is missing' : 'The token is not valid here'
    return {
      code: 'unauthenticated',
      message: `${wrong}: what is stored changes only who sends "Authorization: Bearer <token>" with the token in the address of the page, which "wayward serve" prints at its start`,
      headers: { 'WWW-Authenticate': 'Bearer realm="wayward"' },
    }
  }
}
