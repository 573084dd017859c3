import { WAYWARD_KIND_VALUE_LOCK_HOLD } from '@wayward/semconv'
import { type Analyzer, spansOfKind } from '../../analyzer.ts'
import type { LockGraphRow } from '../../generated/rows.ts'

/**
 * How do locks nest: which is asked for while which other is held? A map to read; what is wrong in
 * it is found by others.
 */
export const lockGraph: Analyzer<LockGraphRow> = {
  name: 'lock-graph',
  sql: new URL('./lock-graph.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'detail',
  toFinding: () => undefined,
}
