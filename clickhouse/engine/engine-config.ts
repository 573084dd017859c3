import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

// The engine's own configuration. The engine has one user; what a connection may do is decided by the role that it
// takes on before anything from outside runs on it. It cannot go back: the guard refuses SET ROLE, and readonly = 1
// refuses the rest.

/** Writes the configuration files into the data folder. Returns the path of the main one. */
export function writeEngineConfig(dataDir: string, memoryBytesMax: number): string {
  const usersPath = join(dataDir, 'users.xml')
  const configPath = join(dataDir, 'config.xml')
  writeFileSync(usersPath, USERS)
  writeFileSync(configPath, configText(usersPath, memoryBytesMax))
  return configPath
}

// Sized for a service beside the application that it watches: the defaults are for a machine of its own
// (5 GiB of mark cache, 90 % of the memory).
function configText(usersPath: string, memoryBytesMax: number): string {
  const cacheBytes = Math.floor(memoryBytesMax / 16)
  return `<clickhouse>
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
</clickhouse>
`
}

/** The role that lets a connection read and nothing else: no source of data but tables. */
export const READING_ROLE = 'reading'

const USERS = `<clickhouse>
  <profiles><default/></profiles>
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
