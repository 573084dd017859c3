// The engine's own configuration. The engine has one user; what a connection may do is decided by
// the role that it takes on before anything from outside runs on it. It cannot go back: the guard
// refuses SET ROLE, and readonly = 1 refuses the rest.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What can be chosen about the engine. */
export interface EngineConfig {
  readonly memoryBytesMax: number
  /** Whether an insert is on disk when it is answered. */
  readonly isDurable: boolean
}

/** Writes the configuration files into the data folder. Returns the path of the main one. */
export function writeEngineConfig(dataDir: string, config: EngineConfig): string {
  const usersPath = join(dataDir, 'users.xml')
  const configPath = join(dataDir, 'config.xml')
  writeFileSync(usersPath, usersFile)
  writeFileSync(configPath, configText(usersPath, config))
  return configPath
}

// Sized for a service beside the application that it watches: the defaults are for a machine of its
// own (5 GiB of mark cache, 90 % of the memory).
function configText(usersPath: string, { memoryBytesMax, isDurable }: EngineConfig): string {
  const cacheBytes = Math.floor(memoryBytesMax / 16)
  return `<clickhouse>
  <timezone>UTC</timezone>
  <users_config>${escapeXml(usersPath)}</users_config>
  <max_server_memory_usage>${memoryBytesMax}</max_server_memory_usage>
  <max_server_memory_usage_to_ram_ratio>0.9</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>${cacheBytes}</mark_cache_size>
  <index_mark_cache_size>${cacheBytes}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <query_condition_cache_size>${Math.floor(cacheBytes / 2)}</query_condition_cache_size>
  <primary_index_cache_size>${cacheBytes}</primary_index_cache_size>
  <vector_similarity_index_cache_size>0</vector_similarity_index_cache_size>
  <mmap_cache_size>100</mmap_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <tables_loader_foreground_pool_size>2</tables_loader_foreground_pool_size>
  <tables_loader_background_pool_size>2</tables_loader_background_pool_size>
  ${mergeTreeText(isDurable)}
</clickhouse>
`
}

const insertedPartBytesMax = 24 * 1024 * 1024

// How parts are written and merged; docs/decisions/0013-parts-and-merges.md has the measurements.
//
// - A part below the size of an insert's block is one file (compact): a wide one is some 70 files
//   to make and to sync.
// - Merges that result in a wide part go column by column: row by row costs more than twice the
//   CPU, and is what ClickHouse chooses below 131,072 rows.
// - Twice as many parts per merge as usual: every row is merged about half as often.
// - Merges are always synced, because the parts that they replace are deleted at once
//   (old_parts_lifetime is 0 here). chDB's own defaults would lose both in a power cut.
function mergeTreeText(isDurable: boolean): string {
  const insert = isDurable ? 1 : 0
  return `<merge_tree>
    <min_bytes_for_wide_part>${insertedPartBytesMax}</min_bytes_for_wide_part>
    <vertical_merge_algorithm_min_rows_to_activate>1</vertical_merge_algorithm_min_rows_to_activate>
    <merge_selector_base>10</merge_selector_base>
    <fsync_after_insert>${insert}</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    <min_compressed_bytes_to_fsync_after_merge>1</min_compressed_bytes_to_fsync_after_merge>
  </merge_tree>`
}

/** The role that lets a connection read and nothing else: no source of data but tables. */
export const readingRole = 'reading'

// A thread for each of max_threads is wanted with little memory, too: ClickHouse would use only one
// as long as there is no gibibyte free for each, and a query here has a limit of its own. The
// optimizations that are off compare all conditions and keys of a question with each other, which
// took longer than it saved (docs/decisions/0025-sql-modules.md).
const usersFile = `<clickhouse>
  <profiles>
    <default>
      <max_threads_min_free_memory_per_thread>134217728</max_threads_min_free_memory_per_thread>
      <optimize_and_compare_chain>0</optimize_and_compare_chain>
      <optimize_redundant_comparisons>0</optimize_redundant_comparisons>
      <optimize_extract_common_expressions>0</optimize_extract_common_expressions>
      <optimize_aggregators_of_group_by_keys>0</optimize_aggregators_of_group_by_keys>
    </default>
  </profiles>
  <quotas><default/></quotas>
  <roles>
    <writing>
      <grants><query>GRANT ALL ON *.*</query></grants>
    </writing>
    <reading>
      <grants>
        <query>GRANT SELECT, SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, SHOW DICTIONARIES ON *.*</query>
      </grants>
    </reading>
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT writing</query>
        <query>GRANT reading</query>
      </grants>
    </default>
  </users>
</clickhouse>
`

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
}
