// `wayward route`: what rules make of a message, and what endpoints got.
import { renderTable, type Table, visible } from '@wayward/analyzers/report/table'
import { type Explanation, explain, RouterError, type RouterStats } from '@wayward/collector'
import { CommandError, exitCodes } from '../command-error.ts'
import type { routeStatsFields, routeTestFields } from '../configuration/route-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { readRouter } from '../configuration/router-file.ts'
import { getJson } from '../job/api-client.ts'
import type { Terminal } from '../terminal.ts'

/** Says what would become of a message. @throws CommandError */
export async function routeTest(
  terminal: Terminal,
  {
    given,
    values,
  }: { readonly given: string | undefined; readonly values: Resolved<typeof routeTestFields> },
): Promise<void> {
  const settings = readRouter(values.router, terminal.env)
  if (settings === undefined) throw wrong('There are no rules; name their file with --router')
  const text = given === undefined || given === '-' ? await terminal.read() : given
  if (text === undefined || text.trim() === '') {
    throw wrong('There is no message; give it as argument, or on the standard input')
  }
  const explanations = explainText(() => explain(settings, text))
  await terminal.write(
    values.format === 'json'
      ? `${JSON.stringify(explanations, null, 2)}\n`
      : explanations.map(toText).join('\n'),
  )
}

function explainText(work: () => readonly Explanation[]): readonly Explanation[] {
  try {
    return work()
  } catch (error) {
    throw error instanceof RouterError ? wrong(error.message) : error
  }
}

function toText({ endpoints, item, rules }: Explanation): string {
  const met = rules.map(({ name, outcome, to }) => {
    const where = to.length === 0 ? '' : ` → ${to.join(', ')}`
    return `  ${visible(name)}: ${outcome}${where}\n`
  })
  const got = endpoints.map(
    ({ name, text }) =>
      `  ${name}: ${text === '' ? '(nothing)' : text.split('\n').map(visible).join('\n    ')}\n`,
  )
  const end = endpoints.length === 0 ? ['  nobody\n'] : got
  return [`${visible(item)}\n`, 'Rules:\n', ...met, 'Gets it:\n', ...end].join('')
}

/** Shows what the router of a service has done. */
export async function routeStats(
  terminal: Terminal,
  values: Resolved<typeof routeStatsFields>,
): Promise<void> {
  const stats = await getJson<RouterStats>(values, '/api/router', { page: 'router.md' })
  if (values.format === 'json') {
    await terminal.write(`${JSON.stringify(stats, null, 2)}\n`)
    return
  }
  const rules: Table = {
    columns: [
      { heading: 'rule', align: 'left' },
      { heading: 'items', align: 'right' },
    ],
    rows: stats.rules.map(({ items, name }) => [name, String(items)]),
  }
  const headings = [
    'endpoint',
    'type',
    'sent',
    'waiting',
    'on disk',
    'retried',
    'dropped',
    'problem',
  ]
  const endpoints: Table = {
    columns: headings.map((heading, index) => ({
      heading,
      align: index > 1 && index < 7 ? 'right' : 'left',
    })),
    rows: stats.endpoints.map(
      ({ dropped, name, problem, retried, sent, spooled, type, waiting }) => [
        name,
        type,
        ...[sent, waiting, spooled, retried].map(String),
        droppedText(dropped),
        problem,
      ],
    ),
  }
  const { style, width } = terminal
  const parts = [rules, endpoints].map((table) => renderTable(table, width, style))
  if (stats.unreadRequests > 0) {
    parts.push(`${stats.unreadRequests} requests were not understood and went to the store.\n`)
  }
  await terminal.write(parts.join('\n'))
}

function droppedText(dropped: Readonly<Record<string, number>>): string {
  const some = Object.entries(dropped).filter(([, count]) => count > 0)
  return some.length === 0 ? '0' : some.map(([reason, count]) => `${count} ${reason}`).join(', ')
}

function wrong(message: string): CommandError {
  return new CommandError(exitCodes.usage, message, { page: 'router.md' })
}
