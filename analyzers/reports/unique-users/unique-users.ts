import type { Analyzer } from '../../analyzer.ts'
import type { UniqueUsersRow } from '../../generated/rows.ts'

/** How many different users has each service, day by day? A report: nothing is wrong in it. */
export const uniqueUsers: Analyzer<UniqueUsersRow> = {
  name: 'unique-users',
  subject: 'logger',
  sql: new URL('./unique-users.sql', import.meta.url),
  requires: ['log records with user.id, enduser.id, userid or user_id'],
  needs: 'user',
  parameters: {},
  isAskedAlone: true,
  tells: 'detail',
  toFinding: () => undefined,
}
