/**
 * Statements that reach for files, programs, the network or other statements, each in a hiding
 * place of its own: a spelling of a name, a call, and something around it.
 */
import type { Random } from '../../collector/decode/random.ts'

/** What a statement reaches for. */
export interface Bait {
  /** A file that holds a secret. */
  readonly path: string
  /** A port on this machine where nobody must knock. */
  readonly port: number
  /** A file that must not come to be. */
  readonly outfile: string
}

type Make = (random: Random, bait: Bait) => string

const literal = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** One of the ways in which a text can be written as a string. */
function spelledText(random: Random, text: string): string {
  const hex = Buffer.from(text).toString('hex')
  return random.pick([
    literal(text),
    literal(text),
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
    `$$${text}$$`,
    `$tag$${text}$tag$`,
    `x'${hex}'`,
    `unhex('${hex}')`,
    `concat(${literal(text.slice(0, 3))}, ${literal(text.slice(3))})`,
    `reverse(${literal(Array.from(text).toReversed().join(''))})`,
    `(${literal(text)})`,
    `(${literal(text)}, 1).1`,
    `[${literal(text)}][1]`,
    `(SELECT ${literal(text)})`,
    `(SELECT x FROM (SELECT ${literal(text)} AS x) AS l, system.one AS r)`,
    `'${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`,
  ])
}

function spelledName(random: Random, name: string): string {
  const at = random.below(name.length)
  const code = name.charCodeAt(at).toString(16)
  const escaped = `${name.slice(0, at)}\\x${code}${name.slice(at + 1)}`
  return random.pick([
    name,
    name,
    `\`${name}\``,
    `"${name}"`,
    `“${name}”`,
    `\`${escaped}\``,
    `"${escaped}"`,
    name.toUpperCase(),
  ])
}

/** What may stand between two tokens. */
const gap = (random: Random): string =>
  random.pick(['', '', ' ', '/**/', '/* ; */', '\n', '--x\n', '# x\n', '\t', '\u00a0', '\u200b'])

const fileCall: Make = (random, { path }) =>
  `${spelledName(random, 'file')}${gap(random)}(${gap(random)}${spelledText(random, path)})`

const fileExpressions: readonly Make[] = [
  fileCall,
  fileCall,
  (random, { path }) => `arrayMap(${spelledName(random, 'file')}, [${literal(path)}])`,
  (random, { path }) =>
    `arrayMap((${spelledName(random, 'file')}${gap(random)} AS f), [${literal(path)}])`,
  (random, bait) => `arrayMap(x -> ${fileCall(random, bait)}, [1])`,
  (random, bait) => `encrypt('aes-256-gcm', ${fileCall(random, bait)}, 'x')`,
  (random, bait) => `if(1, ${fileCall(random, bait)}, '')`,
  (random, bait) => `tuple(${fileCall(random, bait)}).1`,
  (random, bait) => `CAST(${fileCall(random, bait)} AS LowCardinality(String))`,
  (random, bait) => `CASE WHEN 1 THEN ${fileCall(random, bait)} END`,
  (random, bait) => `any(${fileCall(random, bait)}) OVER ()`,
  (random, bait) => `throwIf(1, ${fileCall(random, bait)})`,
  (random, bait) => `toUInt8(${fileCall(random, bait)})`,
  (random, bait) => `arrayFold((a, x) -> concat(a, ${fileCall(random, bait)}), [1], '')`,
  (random, bait) => `(SELECT ${fileCall(random, bait)})`,
]

/** A list of columns of which one shows the file. */
function columnList(random: Random, bait: Bait): string {
  const kind = random.pick(['ALIAS', 'alias', 'DEFAULT', 'MATERIALIZED', 'EPHEMERAL', '/**/ALIAS'])
  const type = random.pick(['String', '', 'Nullable(String)', 'LowCardinality(String)'])
  return `a UInt8, b ${type} ${kind} ${fileCall(random, bait)}`
}

const sources: readonly Make[] = [
  (random, bait) => {
    const name = spelledName(random, random.pick(['generateRandom', 'null', 'input']))
    return `${name}${gap(random)}(${spelledText(random, columnList(random, bait))})`
  },
  (random, bait) => {
    const list = spelledText(random, columnList(random, bait))
    return `${spelledName(random, 'values')}${gap(random)}(${list}, (1))`
  },
  (random, bait) => `format(JSONEachRow, ${literal(columnList(random, bait))}, '{"a":1}')`,
  (random, { path }) =>
    `${spelledName(random, 'file')}(${spelledText(random, path)}, 'RawBLOB', 'b String')`,
  (_random, { path }) => `file(${literal(path)}, LineAsString, 'b String')`,
  (_random, { path }) => `fileCluster('default', ${literal(path)}, 'RawBLOB', 'b String')`,
  (_random, { path }) => `filesystem(${literal(path)})`,
  (_random, { path }) => `sqlite(${literal(path)}, 't')`,
  (_random, { path }) => `executable(${literal(`cat ${path}`)}, 'RawBLOB', 'b String')`,
  (random, { port }) =>
    `${spelledName(random, 'url')}('http://127.0.0.1:${port}/', 'CSV', 'b String')`,
  (_random, { port }) => `s3('http://127.0.0.1:${port}/a/b', 'CSV', 'b String')`,
  (_random, { port }) => `remote('127.0.0.1:${port}', system.one)`,
  (_random, { port }) => `remoteSecure('127.0.0.1:${port}', system, one)`,
  (_random, { port }) => `mysql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
  (_random, { port }) => `postgresql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
  (_random, { port }) => `mongodb('127.0.0.1:${port}', 'a', 'b', 'c', 'd', 'b String')`,
  (_random, { port }) => `redis('127.0.0.1:${port}', 'b', 'b String')`,
  (_random, { port }) => `icebergS3('http://127.0.0.1:${port}/a/')`,
  (_random, { port }) => `deltaLake('http://127.0.0.1:${port}/a/')`,
  (_random, { port }) => `hdfs('hdfs://127.0.0.1:${port}/a', 'CSV', 'b String')`,
  (_random, { port }) => `jdbc('http://127.0.0.1:${port}/', 'a', 'b')`,
  () => `dictionary('d')`,
  (random, bait) => `eval(${spelledText(random, `SELECT ${fileCall(random, bait)} AS b`)})`,
  (random, bait) => `view(SELECT ${fileCall(random, bait)} AS b)`,
  (random, bait) => `viewExplain('EXPLAIN', '', (SELECT ${fileCall(random, bait)} AS b))`,
  (random, bait) => `loop(${random.pick(sources.slice(0, 5))(random, bait)})`,
]

const ofExpression: readonly ((expression: string, random: Random) => string)[] = [
  (e) => `SELECT ${e}`,
  (e) => `SELECT 1, ${e} AS file, 2`,
  (e) => `SELECT 'a\\'', ${e}, 'b'''`,
  (e) => `SELECT $$ ' $$, ${e}, $$ ' $$`,
  (e) => `WITH ${e} AS b SELECT b`,
  (e) => `WITH x AS (SELECT ${e} AS b) SELECT * FROM x`,
  (e) => `WITH RECURSIVE x AS (SELECT ${e} AS b) SELECT * FROM x`,
  (e) => `WITH y -> ${e} AS g SELECT g(1)`,
  (e) => `SELECT * FROM (SELECT * FROM (SELECT ${e}))`,
  (e) => `SELECT 1 UNION ALL SELECT length(toString(${e})) WHERE throwIf(1, toString(${e}))`,
  (e) => `SELECT 1 WHERE throwIf(1, toString(${e}))`,
  (e) => `SELECT 1 ORDER BY throwIf(1, toString(${e}))`,
  (e) => `SELECT 1 LIMIT toUInt8(${e})`,
  (e) => `SELECT number FROM numbers(1) GROUP BY number HAVING throwIf(1, toString(${e}))`,
  (e) => `SELECT * REPLACE(${e} AS a) FROM (SELECT 1 AS a)`,
  (e) => `SELECT * APPLY(x -> ${e}) FROM (SELECT 1)`,
  (e) => `SELECT COLUMNS('a') APPLY (x -> ${e}) FROM (SELECT 1 AS a)`,
  (e) => `SELECT a FROM (SELECT 1 AS x) ARRAY JOIN [${e}] AS a`,
  (e) => `SELECT 1 IN (SELECT ${e}), ${e}`,
  (e) => `SELECT a FROM (SELECT 1 AS x) AS l JOIN (SELECT ${e} AS a) AS r ON 1 = 1`,
  (e, random) =>
    `EXPLAIN ${random.pick(['', 'AST', 'SYNTAX', 'PLAN actions = 1', 'QUERY TREE', 'PIPELINE'])} SELECT ${e}`,
  (e) => `DESCRIBE (SELECT ${e})`,
  (e) => `SHOW TABLES WHERE throwIf(1, toString(${e}))`,
  (e) => `SHOW COLUMNS FROM t WHERE throwIf(1, toString(${e}))`,
  (e) => `EXISTS (SELECT ${e})`,
  (e) => `SELECT ${e} SETTINGS enable_analyzer = 0`,
  (e) => `SELECT ${e} SETTINGS join_use_nulls = 1, extremes = 1 FORMAT JSON`,
  (e) => `SELECT * FROM (SELECT ${e} SETTINGS join_use_nulls = 1) SETTINGS max_threads = 1`,
  (e) => `SELECT 1 FORMAT TSV SETTINGS additional_result_filter = ${literal(`${e} = ''`)}`,
  (e) => `SELECT 1 SETTINGS additional_result_filter = ${literal(`throwIf(1, ${e})`)}`,
  (e) => `SELECT * FROM (SELECT 1 FROM t SETTINGS additional_table_filters = {'t': ${literal(e)}})`,
  (e) => `FROM (SELECT ${e} AS b) SELECT b`,
  (e) => `SELECT 1; SELECT ${e}`,
  (e) => `(SELECT ${e}) EXCEPT (SELECT '')`,
  (e) => `SELECT 1 INTERSECT SELECT ${e}`,
  (e) => `SELECT ${e} /* ' */ -- "`,
]

const ofSource: readonly ((source: string) => string)[] = [
  (s) => `SELECT b FROM ${s} LIMIT 1`,
  (s) => `SELECT * FROM ${s} LIMIT 1`,
  (s) => `SELECT (SELECT any(b) FROM ${s} LIMIT 1)`,
  (s) => `WITH x AS (SELECT b FROM ${s} LIMIT 1) SELECT * FROM x`,
  (s) => `SELECT b FROM (SELECT 1 AS x) AS l, (SELECT b FROM ${s} LIMIT 1) AS r`,
  (s) => `SELECT l.number, r.b FROM numbers(1) AS l CROSS JOIN ${s} AS r LIMIT 1`,
  (s) => `SELECT 'x' IN (SELECT b FROM ${s} LIMIT 1)`,
  (s) => `SELECT toUInt8(b) FROM ${s} LIMIT 1`,
  (s) => `DESCRIBE ${s}`,
  (s) => `DESCRIBE TABLE ${s}`,
  (s) => `EXPLAIN SELECT b FROM ${s}`,
  (s) => `EXPLAIN ESTIMATE SELECT b FROM ${s}`,
  (s) => `SELECT b FROM ${s} LIMIT 1 SETTINGS enable_analyzer = 0`,
  (s) => `SELECT * FROM (SELECT b FROM ${s} LIMIT 1 SETTINGS extremes = 1)`,
  (s) => `FROM ${s} SELECT b LIMIT 1`,
  (s) => `CREATE TABLE u AS ${s}`,
  (s) => `INSERT INTO FUNCTION ${s} SELECT 'x'`,
]

const commands: readonly Make[] = [
  (random, { outfile }) => `SELECT 1${gap(random)} INTO ${gap(random)} OUTFILE ${literal(outfile)}`,
  (_random, { outfile }) => `SELECT 1 INTO OUTFILE ${literal(outfile)} TRUNCATE FORMAT CSV`,
  (_random, { outfile }) => `EXPLAIN SELECT 1 INTO OUTFILE ${literal(outfile)}`,
  (_random, { outfile }) => `SELECT 1 SETTINGS extremes = 0 INTO OUTFILE ${literal(outfile)}`,
  (_random, { outfile }) => `SHOW TABLES INTO OUTFILE ${literal(outfile)}`,
  (_random, { outfile }) =>
    `INSERT INTO FUNCTION file(${literal(outfile)}, 'CSV', 'a UInt8') SELECT 1`,
  (random, { outfile }) =>
    `SELECT * FROM ${spelledName(random, 'sqlite')}${gap(random)}(${literal(outfile)}, 't')`,
  () => 'KILL QUERY WHERE 1 SYNC',
  () => 'SYSTEM SHUTDOWN',
  () => 'SYSTEM KILL',
  () => 'SYSTEM DROP MARK CACHE',
  () => 'CREATE FUNCTION f AS (x) -> x',
  () => 'CREATE TEMPORARY TABLE x (a UInt8)',
  () => 'CREATE OR REPLACE TABLE t (a UInt8) ENGINE = Memory',
  (_random, { port }) => `CREATE TABLE u (a UInt8) ENGINE = URL('http://127.0.0.1:${port}/', CSV)`,
  (_random, { path }) => `CREATE TABLE u ENGINE = File(CSV, ${literal(path)})`,
  (_random, { path }) =>
    `CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(path ${literal(path)} format 'CSV')) LAYOUT(FLAT())`,
  () => 'DROP TABLE t',
  () => 'TRUNCATE TABLE t',
  () => 'EXCHANGE TABLES t AND u',
  () => 'ALTER TABLE t UPDATE a = 5 WHERE 1',
  () => 'INSERT INTO t VALUES (9)',
  () => 'INSERT INTO t SELECT 9',
  () => 'SET readonly = 0',
  () => 'SET ROLE writing',
  () => 'SET ROLE ALL',
  () => 'SET additional_result_filter = 1',
  () => 'USE system',
  () => 'ATTACH TABLE system.models',
  () => 'GRANT writing TO default',
  () => 'CREATE USER u',
  (_random, { path }) => `CREATE NAMED COLLECTION c AS url = ${literal(path)}`,
  () => 'BEGIN TRANSACTION',
  () => 'SELECT 1; DROP TABLE t',
  () => `SELECT 1 SETTINGS readonly = 0; DROP TABLE t`,
  () => 'PARALLEL WITH DROP TABLE t',
  () => 'SELECT 1 PARALLEL WITH DROP TABLE t',
]

/** A statement that shows the secret where nobody forbids it, at least often. */
export function showingStatement(random: Random, bait: Bait): string {
  if (random.below(2) === 0) {
    const expression = random.pick(fileExpressions)(random, bait)
    return random.pick(ofExpression)(expression, random)
  }
  return random.pick(ofSource)(random.pick(sources)(random, bait))
}

/** Any of them. */
export function hostileStatement(random: Random, bait: Bait): string {
  if (random.below(4) > 0) return showingStatement(random, bait)
  const command = random.pick(commands)(random, bait)
  return random.pick([command, `${gap(random)}${command};`, `/* x */ ${command} -- y`])
}
