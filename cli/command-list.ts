// The commands with their options, texts and examples; what they do is in commands/.
import type { Command } from 'commander'
import {
  type CommandContext,
  define,
  exitCodeHelp,
  helpWidth,
  nowNs,
  valuesOf,
} from './command-definition.ts'
import { exitCodes } from './command-error.ts'
import {
  demoFields,
  findingFields,
  outputFields,
  selectionFields,
  serviceFields,
  storeFields,
  tailFields,
} from './configuration/fields.ts'
import { addJob, addJobs } from './job-command-list.ts'
import { addControl } from './control-command-list.ts'
import { addFlight } from './flight-command-list.ts'
import { addBench, addRoute } from './route-command-list.ts'
import { type Selection, toSelection } from './selection.ts'
import { addSessions } from './session-command-list.ts'
import type { Terminal } from './terminal.ts'

const readFields = { ...selectionFields, ...outputFields, ...storeFields }
const findingAll = { ...selectionFields, ...findingFields, ...storeFields }

/** Adds every command to the program. */
export function addCommands(program: Command, terminal: Terminal, name: string): CommandContext {
  const context: CommandContext = { program, terminal, name, exitCode: exitCodes.done }
  addServe(context)
  addQuery(context)
  addReport(context)
  addAnalyze(context)
  addTail(context)
  addJob(context)
  addJobs(context)
  addRoute(context)
  addControl(context)
  addBench(context)
  addSessions(context)
  addFlight(context)
  addMigrate(context)
  addMmstats(context)
  addDemo(context)
  return context
}

function addServe(context: CommandContext): void {
  define(
    context,
    'serve',
    'Start the service: it receives OTLP, stores it in ClickHouse and answers SQL.\nCtrl-C or SIGTERM stops it; what was received is written first.',
    serviceFields,
    [
      'serve',
      'serve --data-dir /var/lib/wayward --engine-memory 4GiB',
      'serve --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --clickhouse 127.0.0.1:0 --api 127.0.0.1:0',
      'serve --otlp-grpc 0.0.0.0:4317 --tls-cert server.pem --tls-key server-key.pem --token-file tokens',
      'serve --clickhouse-url http://clickhouse.internal:8123 --clickhouse-user wayward',
    ],
  ).action(async (_options: unknown, command: Command) => {
    const { serve } = await import('./commands/serve.ts')
    await serve(context.terminal, valuesOf(context, serviceFields, command), context.name)
  })
}

function addQuery(context: CommandContext): void {
  define(
    context,
    'query',
    'Run one SQL statement on what was recorded, as the reading account.\nThe tables are listed by "SHOW TABLES". {from:DateTime64(9)}, {to:DateTime64(9)}, {service:String} and {session:String} (of several {sessions:Array(String)}) in the statement stand for the flags of these names (--since sets {from}).',
    readFields,
    [
      'query "SHOW TABLES"',
      'query "SELECT ServiceName, count() FROM otel_traces GROUP BY ALL"',
      'query --since 15m --format csv "SELECT Timestamp, SpanName FROM otel_traces WHERE Timestamp >= {from:DateTime64(9)}"',
      'query --url http://127.0.0.1:8123 "SELECT version()"',
      'query < statement.sql',
    ],
  )
    .argument('[sql]', 'the statement; without it, or for -, the standard input is read')
    .action(async (given: string | undefined, _options: unknown, command: Command) => {
      const { query, readStatement } = await import('./commands/query.ts')
      const resolved = valuesOf(context, readFields, command)
      const sql = await readStatement(context.terminal, given)
      await query(context.terminal, {
        sql,
        values: resolved,
        selection: toSelection(resolved, nowNs()),
      })
    })
}

function addReport(context: CommandContext): void {
  const command = define(
    context,
    'report',
    'Ask all questions and tell what is wrong, the worst first, each cause once.\nWhat is missing in the data is told before, what could not be answered behind.',
    findingAll,
    [
      'report',
      'report --since 1h --service shop',
      'report --session 0d1f8a52 --format markdown',
      'report --watch',
      'report --fail-on 70 --format junit',
    ],
  )
  addWatchAndSql(command).action(async (options: AskedHow, of: Command) => {
    const values = valuesOf(context, findingAll, of)
    const selection = (): Selection => toSelection(values, nowNs())
    if (options.sql === true) {
      const { printSql } = await import('./commands/question-sql.ts')
      await printSql(context.terminal, { values, selection: selection() })
      return
    }
    const { report } = await import('./commands/report.ts')
    const isWatching = options.watch === true
    context.exitCode = await report(context.terminal, { values, selection, isWatching })
  })
}

function addAnalyze(context: CommandContext): void {
  const command = define(
    context,
    'analyze',
    'Answer a question about locks, queues or jobs, the worst finding first.\nWithout a name: list the questions.',
    findingAll,
    [
      'analyze --list',
      'analyze lock-contention',
      'analyze queue-delay --service shop --since 1h',
      'analyze deadlock --watch',
      'analyze job-runs --from 2026-11-21T00:00:00Z --to now --format json',
      'analyze lock-contention --session 0d1f8a52 --fail-on 70',
      'analyze lock-contention --since 1h --sql',
    ],
  )
    .argument('[name]', 'the analyzer')
    .option('--list', 'List the analyzers and their questions')
  addWatchAndSql(command).action(
    async (name: string | undefined, options: AskedHow & { list?: boolean }, of: Command) => {
      const { analyze, listAnalyzers } = await import('./commands/analyze.ts')
      const values = valuesOf(context, findingAll, of)
      const selection = (): Selection => toSelection(values, nowNs())
      if (name === undefined || options.list === true) {
        await listAnalyzers(context.terminal, values.format, context.name)
        return
      }
      if (options.sql === true) {
        const { printSql } = await import('./commands/question-sql.ts')
        await printSql(context.terminal, { name, values, selection: selection() })
        return
      }
      const isWatching = options.watch === true
      context.exitCode = await analyze(context.terminal, name, { values, selection, isWatching })
    },
  )
}

interface AskedHow {
  readonly watch?: boolean
  readonly sql?: boolean
}

function addWatchAndSql(command: Command): Command {
  return command
    .option('--watch', 'Ask again each second, and show what has changed, until Ctrl-C')
    .option('--sql', 'Print the SQL with its parameters filled in, for any client, and ask nothing')
}

function addTail(context: CommandContext): void {
  define(
    context,
    'tail',
    'Show what applications report while they report it, until Ctrl-C.\nIt comes from the service as soon as it is safe, also while ClickHouse is away.',
    tailFields,
    [
      'tail',
      'tail --service shop --kind lock_wait',
      'tail --where \'durationMs > 100 && status == "Error"\'',
      'tail --kind log --format json | jq .body',
      'tail --api-url https://collector.example.com:4320',
    ],
  ).action(async (_options: unknown, command: Command) => {
    const { tail } = await import('./commands/tail.ts')
    await tail(context.terminal, valuesOf(context, tailFields, command))
  })
}

function addMigrate(context: CommandContext): void {
  define(
    context,
    'migrate',
    'Make the tables, or bring them up to date, and exit. "serve" does so by itself when it starts.\nWith --dry-run nothing is changed: the statements are printed, and the exit code is 1 if there are any.',
    storeFields,
    [
      'migrate --dry-run',
      'migrate --url https://clickhouse.internal:8443 --clickhouse-user admin --dry-run > schema.sql',
      'migrate --url http://clickhouse.internal:8123 --clickhouse-cluster main --all',
    ],
  )
    .option('--dry-run', 'Print the statements that would be run, and why, and change nothing')
    .option(
      '--all',
      'Also the statements for tables that are there: for servers that were added to a cluster (each is harmless when repeated)',
    )
    .action(async (options: { dryRun?: boolean; all?: boolean }, command: Command) => {
      const { migrate } = await import('./commands/migrate.ts')
      context.exitCode = await migrate(context.terminal, {
        values: valuesOf(context, storeFields, command),
        isDryRun: options.dryRun === true,
        isAll: options.all === true,
      })
    })
}

function addMmstats(context: CommandContext): void {
  const { program, terminal, name } = context
  program
    .command('mmstats')
    .summary('Read stats files: slurp, poll, clean, mmash, or watch to send them on.')
    .description(
      `Tools for stats files (docs/mmstats.md):
  slurp   print all fields of files
  poll    print sums over files as they change
  clean   remove the files of processes that have ended
  mmash   serve files as JSON and as plots
  watch   send what files hold to an OTLP/HTTP endpoint, at an interval
Without files: those of MMSTATS_GLOB, or those in MMSTATS_PATH or the temporary folder.`,
    )
    .argument('<tool>', 'one of the tools')
    .argument('[arguments...]', 'its arguments; --help after the tool lists them')
    .passThroughOptions()
    .addHelpText(
      'after',
      `\nExamples:\n${[
        'mmstats slurp',
        'mmstats poll -p web. ok,bad /tmp/*.mmstats',
        'mmstats clean --dry-run',
        'mmstats watch --endpoint http://127.0.0.1:4318 "/tmp/*.mmstats"',
      ]
        .map((example) => `  ${name} ${example}`)
        .join('\n')}\n${exitCodeHelp(helpWidth(terminal))}`,
    )
    .action(async (tool: string, argv: readonly string[]) => {
      const { mmstats } = await import('./commands/mmstats.ts')
      context.exitCode = await mmstats(terminal, { tool, argv, name })
    })
}

function addDemo(context: CommandContext): void {
  define(
    context,
    'demo',
    'Run a small shop that misbehaves and show the report on it.\nUses the service of the data folder if one runs, else starts one on free ports in a temporary folder (or in --data-dir).',
    demoFields,
    ['demo', 'demo --data-dir .wayward'],
  ).action(async (_options: unknown, command: Command) => {
    const { demo } = await import('./commands/demo.ts')
    await demo(context.terminal, {
      values: valuesOf(context, demoFields, command),
      name: context.name,
    })
  })
}
