// What an insert asks of ClickHouse, so that one insert is one block and one token means one block
// for ever.
import type { ClickHouseSettings } from '@clickhouse/client'

/**
 * The settings of every insert. One insert is one block, whatever its size and however many Native
 * blocks its body has: one part per partition, and a token that holds. The answer comes when the
 * insert is done, so a status of 200 means that the rows are there.
 */
const insertSettings: ClickHouseSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: '1000000000',
  min_insert_block_size_rows: '1000000000',
  min_insert_block_size_bytes: '0',
  min_insert_block_size_rows_for_materialized_views: '1000000000',
  min_insert_block_size_bytes_for_materialized_views: '0',
  max_insert_threads: '1',
  max_threads: 1,
  // Spans of many days may come in one request (a replay, a wrong clock); that is no reason to
  // refuse it.
  throw_on_max_partitions_per_insert_block: 0,
  // A column that somebody dropped is an error that keeps the rows here, and not a silent loss.
  input_format_skip_unknown_fields: 0,
  wait_end_of_query: 1,
}

/**
 * Settings that not every version knows; one that is unknown is left out from then on.
 *
 * - `use_strict_insert_block_limits`: 26.x numbers the Native blocks of a body before it joins
 *   them, and the number of the last one becomes a part of what is deduplicated: the same token
 *   with fewer blocks would be inserted again. Strict limits number after joining; versions without
 *   the setting do so anyway.
 * - `distributed_foreground_insert`: an insert into a Distributed table is answered when the shards
 *   have the rows, and the token reaches them
 *   (docs/decisions/0012-servers-clusters-and-foreign-tables.md).
 */
const optionalSettings: readonly (readonly [string, string])[] = [
  ['use_strict_insert_block_limits', '1'],
  ['distributed_foreground_insert', '1'],
]

/**
 * The settings of one store's inserts; what its server does not know is learned from its answers.
 */
export interface InsertSettings {
  /** @param mayLoseColumns whether columns that the table lacks are left out silently */
  of(token: string, mayLoseColumns: boolean): ClickHouseSettings
  /** Takes an answer "unknown setting"; false if it is about none that could be left out. */
  leaveOut(message: string): boolean
}

export function createInsertSettings(): InsertSettings {
  const optional = new Map(optionalSettings)
  return {
    of: (token, mayLoseColumns) => ({
      ...insertSettings,
      ...Object.fromEntries(optional),
      ...(mayLoseColumns ? { input_format_skip_unknown_fields: 1 } : {}),
      insert_deduplication_token: token,
    }),
    leaveOut(message) {
      const unknown = [...optional.keys()].find((name) => message.includes(name))
      return unknown !== undefined && optional.delete(unknown)
    },
  }
}
