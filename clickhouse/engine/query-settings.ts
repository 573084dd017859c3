// Settings and parameters are applied with SET on the request's own connection, before its
// statement.
import type { Account } from './account.ts'
import { readingRole } from './engine-config.ts'
import { ClickhouseException } from './exception.ts'
import type { EngineLimits } from './limits.ts'
import { isParameterName, isPlainName, quoteIdentifier, quoteString } from './sql-text.ts'

/** What a request's connection is prepared with. */
export interface QueryContext {
  readonly account: Account
  /** GET changes nothing, whoever asks. */
  readonly mustOnlyRead: boolean
  readonly database: string
  readonly settings: ReadonlyMap<string, string>
  readonly parameters: ReadonlyMap<string, string>
  /** By this the query is found when it must be stopped. */
  readonly mark: string
  readonly sql: string
  /** Whether the connection outlives the request: what cannot be taken back is not set then. */
  readonly isKept: boolean
}

/**
 * What clickhouse-connect asks before its first query. On a connection with readonly = 1 it would
 * read that no setting can be changed, and refuse to send any. As this very text changes nothing,
 * it runs without; the role holds.
 */
const settingsProbe =
  /^\s*SELECT name, value, readonly(?: as readonly)? FROM system\.settings(?: LIMIT \d+)?(?:\s+FORMAT \w+)?\s*$/i

/** Where this is not, there is no SETTINGS clause. */
export const settingsWord = /\bSETTINGS\b/i

/** The statements that prepare a connection, in one text. @throws ClickhouseException */
export function preparation(context: QueryContext, limits: EngineLimits): string {
  checkNames(context)
  const { allowed, refused } =
    context.account === 'reading'
      ? readingSettings(context.settings, limits)
      : writingSettings(context.settings, limits)
  // chDB takes a bare expression for a SELECT; a server does not, and the guard relies on keywords
  // at the start.
  const statements = [
    `USE ${quoteIdentifier(context.database)}`,
    "SET implicit_select = '0'",
    setText(allowed),
  ]
  for (const [name, value] of context.parameters) {
    statements.push(`SET param_${name} = ${quoteString(value)}`)
  }
  statements.push(`SET log_comment = ${quoteString(context.mark)}`)
  if (context.account === 'reading') {
    statements.push(`SET ROLE ${readingRole}`)
    const isProbe = settingsProbe.test(context.sql) && refused.size === 0
    // A clause in a subquery is let through by statement-judge.ts or not at all; 2 lets it set.
    const level = refused.size === 0 && settingsWord.test(context.sql) ? 2 : 1
    if (!isProbe) statements.push(`SET readonly = ${level}`)
  } else if (context.mustOnlyRead && !context.isKept) statements.push('SET readonly = 2')
  // In that state the engine refuses these in its own words: an unknown one (115) or one not
  // allowed (164).
  statements.push(setText(refused))
  return statements.filter((text) => text !== '').join('; ')
}

/** They cannot be quoted. @throws ClickhouseException */
function checkNames({ settings, parameters }: QueryContext): void {
  const wrong =
    [...settings.keys()].find((name) => !isPlainName(name)) ??
    [...parameters.keys()].find((name) => !isParameterName(name))
  if (wrong === undefined) return
  throw new ClickhouseException(
    'BAD_ARGUMENTS',
    `The name "${wrong}" of a setting or parameter is not a plain word`,
  )
}

/** What a request's settings say about reading an external table's file; the bounds hold, too. */
export function externalSettings(
  { settings, account }: Pick<QueryContext, 'settings' | 'account'>,
  limits: EngineLimits,
): string {
  const ofFile = [...settings].filter(([name]) => fileSetting.test(name) && isReadingSetting(name))
  const bounds = account === 'reading' ? readingBounds(limits) : new Map<string, number>()
  const all = new Map<string, string>(ofFile)
  for (const [name, most] of bounds) all.set(name, String(most))
  return setText(all)
}

const fileSetting = /^(?:input_format_|format_|date_time_input_format$|session_timezone$|bool_)/

/**
 * Makes one insert one block, whatever the client asks for: with other block sizes the same file
 * and the same token would be inserted again.
 */
const pinned = new Map([
  ['async_insert', '0'],
  ['max_insert_threads', '1'],
  ['max_threads', '1'],
  ['input_format_parallel_parsing', '0'],
  ['max_block_size', '1000000000'],
  ['max_insert_block_size', '1000000000'],
  ['min_insert_block_size_rows', '1000000000'],
  ['min_insert_block_size_bytes', '0'],
  ['input_format_max_block_size_bytes', '0'],
])

export const insertPins = setText(pinned)

/** Takes back what earlier requests have set on a connection. */
export function resetText(names: Iterable<string>): string {
  const all = [...new Set([...names, ...pinned.keys()])]
  return `SET ${all.map((name) => `${name} = DEFAULT`).join(', ')}`
}

function setText(settings: ReadonlyMap<string, string>): string {
  if (settings.size === 0) return ''
  return `SET ${Array.from(settings, ([name, value]) => `${name} = ${quoteString(value)}`).join(', ')}`
}

/**
 * Settings that this server or its clients use for the transport; they mean nothing to the engine
 * here.
 */
const ignored: ReadonlySet<string> = new Set([
  'readonly',
  'log_comment',
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'cancel_http_readonly_queries_on_client_close',
  'enable_http_compression',
  'http_zlib_compression_level',
  'http_write_exception_in_output_format',
  'add_http_cors_header',
  'http_wait_end_of_query',
  'http_response_buffer_size',
  'http_receive_timeout',
  'http_send_timeout',
  'http_connection_timeout',
  'idle_connection_timeout',
  'tcp_keep_alive_timeout',
  'poll_interval',
  'interactive_delay',
  'send_logs_level',
  'send_profile_events',
  'network_compression_method',
  'network_zstd_compression_level',
])

interface SortedSettings {
  readonly allowed: ReadonlyMap<string, string>
  readonly refused: ReadonlyMap<string, string>
}

function writingSettings(asked: ReadonlyMap<string, string>, limits: EngineLimits): SortedSettings {
  const allowed = new Map([
    ['max_query_size', String(limits.queryBytesMax)],
    // Skip indexes are built when parts are merged. At the insert they are a quarter of its CPU,
    // for parts that are soon gone; until then a look-up reads the few thousand rows of such a
    // part.
    ['materialize_skip_indexes_on_insert', '0'],
  ])
  for (const [name, value] of asked) if (!ignored.has(name)) allowed.set(name, value)
  return { allowed, refused: new Map() }
}

/**
 * What the reading account may set: how results look and how a query is carried out, nothing that
 * opens files. Families of names, because ClickHouse has hundreds of them.
 */
const readingAllowed = new RegExp(
  `^(?:${[
    'output_format_\\w+',
    'input_format_\\w+',
    'format_(?:csv|tsv|json|custom|display|binary)_\\w+',
    'date_time_\\w+',
    'bool_(?:true|false)_representation',
    '(?:optimize|enable|use|prefer|compile|query_plan|short_circuit|cast|describe|join|group_by)_\\w+',
    'max_(?:bytes|rows)_\\w+',
    '(?:timeout|result|read|sort|distinct|set|transfer)_overflow_mode',
    '(?:async_insert|wait_for_async_insert|insert_deduplicat)\\w*',
    '(?:connect|receive|send)_timeout\\w*',
    'asterisk_include_\\w+',
    'session_timezone|max_block_size|preferred_block_size_bytes|extremes|limit|offset|final|priority',
    'log_queries|transform_null_in|totals_mode|union_default_mode|count_distinct_implementation',
    // How a cluster is asked: there is none here, and clients' defaults say what to do without.
    'skip_unavailable_shards\\w*|load_balancing\\w*|max_parallel_replicas|distributed_product_mode',
    'distributed_(?:group_by_no_merge|aggregation_memory_efficient|push_down_limit)',
    'fallback_to_stale_replicas_for_distributed_queries|max_replica_delay_for_distributed_queries',
    'parallel_replicas_(?!custom_key)\\w+|select_sequential_consistency',
    // How a query is carried out.
    '(?:force|rewrite|low_cardinality|partial_merge_join|any_join|cross)_\\w+',
    'apply_(?:mutations_on_fly|deleted_mask|patch_parts)|ignore_data_skipping_indices',
    'merge_tree_(?:min|max|coarse)_\\w+|min_count_to_compile_\\w+|min_bytes_to_use_direct_io',
    'max_(?:joined_block_size|execution_speed|estimated_execution|partitions_to|columns_to)_\\w+',
    'max_execution_speed|min_execution_speed\\w*|timeout_before_checking_execution_speed',
    'count_distinct_optimization|convert_query_to_cnf|parallelize_output_from_storages',
    'move_all_conditions_to_prewhere|decimal_check_overflow|data_type_default_nullable',
    // How values look, and what functions make of them.
    '(?:formatdatetime|parsedatetime|variant|splitby|function_json_value|geo_distance)_\\w+',
    'print_pretty_type_names|show_(?:create|table)_\\w+|mysql_map_\\w+|legacy_\\w+',
    'allow_(?:suspicious|hyperscan|simdjson|nonconst_timezone)\\w*|validate_polygons',
    // Of inserts, which this account has none of.
    'insert_(?:quorum|null_as_default)\\w*|(?:mutations|alter|lightweight_deletes)_sync',
    'aggregate_functions_null_for_empty|do_not_merge_across_partitions_select_final',
  ].join('|')})$`,
)

/** Names inside the families above that lead to files or code after all. */
const readingDenied =
  /schema|path|file|template|url|s3|remote|experimental|introspection|cache_(?:name|enable)|query_cache/

/** Names that have a word of those in them for historical reasons. */
const readingExempt: ReadonlySet<string> = new Set([
  'allow_experimental_analyzer',
  'allow_experimental_parallel_reading_from_replicas',
])

/** Whether the reading account may set it to anything. */
export function isReadingSetting(name: string): boolean {
  if (readingExempt.has(name)) return true
  return readingAllowed.test(name) && !readingDenied.test(name)
}

function readingSettings(asked: ReadonlyMap<string, string>, limits: EngineLimits): SortedSettings {
  const bounds = readingBounds(limits)
  const allowed = new Map(Array.from(bounds, ([name, most]) => [name, String(most)]))
  allowed.set('allow_introspection_functions', '0')
  const refused = new Map<string, string>()
  for (const [name, value] of asked) {
    const most = bounds.get(name)
    if (name === 'readonly' && value === '0') refused.set(name, value)
    else if (ignored.has(name)) continue
    else if (most !== undefined) allowed.set(name, String(atMost(name, value, most)))
    else if (isReadingSetting(name)) allowed.set(name, value)
    else refused.set(name, value)
  }
  return { allowed, refused }
}

/** The bounds of the reading account; the client can lower them. */
function readingBounds(limits: EngineLimits): ReadonlyMap<string, number> {
  return new Map([
    ['max_execution_time', limits.readSecondsMax],
    ['max_memory_usage', limits.readMemoryBytesMax],
    ['max_result_rows', limits.resultRowsMax],
    ['max_result_bytes', limits.resultBytesMax],
    ['max_temporary_data_on_disk_size_for_query', limits.readSpillBytesMax],
    ['max_query_size', limits.queryBytesMax],
    ['max_threads', 2],
    ['max_final_threads', 2],
  ])
}

/** In all of these 0 means no limit, so it is the highest value of all. */
function atMost(name: string, value: string, most: number): number {
  const asked = Number(value)
  if (value === '' || !Number.isFinite(asked) || asked < 0) {
    throw new ClickhouseException(
      'BAD_ARGUMENTS',
      `The setting '${name}' is "${value}", but a number from 0 to ${most} is wanted`,
    )
  }
  return asked === 0 || asked > most ? most : asked
}
