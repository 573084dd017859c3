// The commands of sessions with their options, texts and examples.
import type { Command } from 'commander'
import { type CommandContext, define, nowNs, valuesOf } from './command-definition.ts'
import {
  sessionCompareFields,
  sessionDeleteFields,
  sessionExportFields,
  sessionImportFields,
  sessionReplayFields,
  sessionsFields,
  sessionShowFields,
} from './configuration/session-fields.ts'
import { toSelection } from './selection.ts'

/** Adds `sessions`. */
export function addSessions(context: CommandContext): void {
  const program = define(
    context,
    'sessions',
    'List the sessions: each is one run of a process that reported.\n"sessions show" tells of one, compare of two; delete removes one; export, import and replay carry them elsewhere (docs/sessions.md).',
    sessionsFields,
    [
      'sessions',
      'sessions --since 1d --service shop',
      'sessions show 0d1f8a52',
      'sessions compare 0d1f8a52 7be0c1f3',
      'sessions export 0d1f8a52 --output shop.jsonl.gz',
      'sessions import shop.jsonl.gz',
    ],
  ).action(async (_options: unknown, command: Command) => {
    const { sessions } = await import('./commands/sessions.ts')
    const values = valuesOf(context, sessionsFields, command)
    await sessions(context.terminal, { values, selection: toSelection(values, nowNs()) })
  })
  const below = { ...context, program }
  addShow(below)
  addCompare(below)
  addDelete(below)
  addExport(below)
  addImport(below)
  addReplay(below)
}

function addShow(context: CommandContext): void {
  define(
    context,
    'show',
    'Show a session on one screen: what it is, what it reported, what was lost, and what is wrong.',
    sessionShowFields,
    ['sessions show 0d1f8a52'],
  )
    .argument('<session>', 'the session, by its id or the beginning of it')
    .action(async (session: string, _options: unknown, command: Command) => {
      const { sessionShow } = await import('./commands/session-show.ts')
      const values = valuesOf(context, sessionShowFields, command)
      await sessionShow(context.terminal, { session, values })
    })
}

function addCompare(context: CommandContext): void {
  define(
    context,
    'compare',
    'Compare two sessions: what each says of its locks, queues and jobs, and by how much that has changed.',
    sessionCompareFields,
    ['sessions compare 0d1f8a52 7be0c1f3'],
  )
    .argument('<first>', 'a session, by its id or the beginning of it')
    .argument('<second>', 'the session to compare it with')
    .action(async (first: string, second: string, _options: unknown, command: Command) => {
      const { sessionCompare } = await import('./commands/session-compare.ts')
      const values = valuesOf(context, sessionCompareFields, command)
      await sessionCompare(context.terminal, { sessions: [first, second], values })
    })
}

function addDelete(context: CommandContext): void {
  define(
    context,
    'delete',
    'Delete sessions: all rows of them, from every table.\nOne that still runs is refused, as what it reports later would be stored again.',
    sessionDeleteFields,
    ['sessions delete 0d1f8a52', 'sessions delete 0d1f8a52 77ab01cd --even-if-running'],
  )
    .argument('<session...>', 'the sessions, each by its id or the beginning of it')
    .option('--even-if-running', 'Delete what a session that still runs has reported so far')
    .action(
      async (
        sessions: readonly string[],
        options: { readonly evenIfRunning?: boolean },
        command: Command,
      ) => {
        const { sessionDelete } = await import('./commands/session-delete.ts')
        const values = valuesOf(context, sessionDeleteFields, command)
        const isForced = options.evenIfRunning === true
        await sessionDelete(context.terminal, { sessions, values, isForced })
      },
    )
}

function addExport(context: CommandContext): void {
  define(
    context,
    'export',
    'Write sessions into one archive: OTLP as lines of JSON, compressed with gzip.\nWhat a session that still runs reports later is not in it.',
    sessionExportFields,
    [
      'sessions export 0d1f8a52 --output shop.jsonl.gz',
      'sessions export 0d1f8a52 77ab01cd | ssh elsewhere "cat > two.jsonl.gz"',
    ],
  )
    .argument('<session...>', 'the sessions, each by its id or the beginning of it')
    .action(async (sessions: readonly string[], _options: unknown, command: Command) => {
      const { sessionExport } = await import('./commands/session-archive.ts')
      const values = valuesOf(context, sessionExportFields, command)
      await sessionExport(context.terminal, { sessions, values })
    })
}

function addImport(context: CommandContext): void {
  define(
    context,
    'import',
    'Take the sessions of an archive into the store of a service, once: what is stored already is not\nstored again, also where an import before was ended in the middle.',
    sessionImportFields,
    [
      'sessions import shop.jsonl.gz',
      'sessions import shop.jsonl.gz --data-dir /var/lib/wayward',
      'sessions import shop.jsonl.gz --api-url https://collector.example.com:4320',
    ],
  )
    .argument('<archive>', 'a file that "sessions export" wrote')
    .action(async (path: string, _options: unknown, command: Command) => {
      const { sessionImport } = await import('./commands/session-import.ts')
      const values = valuesOf(context, sessionImportFields, command)
      await sessionImport(context.terminal, { path, values })
    })
}

function addReplay(context: CommandContext): void {
  define(
    context,
    'replay',
    'Send a session to any OTLP endpoint, at its own or another speed.',
    sessionReplayFields,
    [
      'sessions replay shop.jsonl.gz --endpoint http://127.0.0.1:4318',
      'sessions replay shop.jsonl.gz --endpoint http://127.0.0.1:4318 --speed 10 --times kept',
    ],
  )
    .argument('<archive>', 'a file that "sessions export" wrote')
    .action(async (path: string, _options: unknown, command: Command) => {
      const { sessionReplay } = await import('./commands/session-archive.ts')
      const values = valuesOf(context, sessionReplayFields, command)
      await sessionReplay(context.terminal, { path, values })
    })
}
