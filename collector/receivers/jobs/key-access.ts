// Who may report with a key in the address, which scripts use that send no header.
import type { Access, Exchange } from '@wayward/base'
import { hash } from 'node:crypto'
import { JobProblem } from './job-problem.ts'

/**
 * Who sends: the name of the token that the key is, else what the request shows besides. Where
 * nobody is asked, every key is good, and what it made is counted under it.
 *
 * @throws JobProblem where the key is no token
 */
export function ownerOf({ authorization, request }: Exchange, key: string, access: Access): string {
  if (!access.isRestricted) return hash('sha256', key).slice(0, 8)
  const byKey = access.forConnection(request.socket).authorize(`Bearer ${key}`)
  if (byKey.status === 'allowed') return byKey.identity
  if (authorization.status === 'allowed') return authorization.identity
  // The key is not repeated: it may be a good one of somewhere else.
  throw new JobProblem(404, 'unknown_key', 'The key in the address is not known here')
}
