// The commands of the router and of its bench with their options, texts and examples.
import type { Command } from 'commander'
import { type CommandContext, define, valuesOf } from './command-definition.ts'
import { benchMetlogFields } from './configuration/bench-fields.ts'
import { routeStatsFields, routeTestFields } from './configuration/route-fields.ts'

/** Adds `route`. */
export function addRoute(context: CommandContext): void {
  const program = context.program
    .command('route')
    .summary('Say what rules make of a message, or what endpoints got.')
    .description('Tells of rules and endpoints (docs/router.md).')
  const route = { ...context, program }
  define(
    route,
    'test',
    'Say which rules a message meets, and what each endpoint would get. Nothing is sent.',
    routeTestFields,
    [
      `route test --router router.yaml '{"type":"counter","payload":"1","fields":{"name":"hits"}}'`,
      'route test --router router.yaml < message.json',
    ],
  )
    .argument(
      '[message]',
      'a message of Metlog or of OTLP as JSON; without it, or for -, the standard input is read',
    )
    .action(async (given: string | undefined, _options: unknown, command: Command) => {
      const { routeTest } = await import('./commands/route.ts')
      const values = valuesOf(context, routeTestFields, command)
      await routeTest(context.terminal, { given, values })
    })
  define(
    route,
    'stats',
    'Show how often rules were met, and what became of what endpoints got.',
    routeStatsFields,
    ['route stats', 'route stats --format json'],
  ).action(async (_options: unknown, command: Command) => {
    const { routeStats } = await import('./commands/route.ts')
    await routeStats(context.terminal, valuesOf(context, routeStatsFields, command))
  })
}

/** Adds `bench`. */
export function addBench(context: CommandContext): void {
  const program = context.program
    .command('bench')
    .summary('Send as much as a receiver is to bear.')
    .description('Finds out what a receiver bears (docs/metlog.md).')
  define(
    { ...context, program },
    'metlog',
    'Flood a receiver of Metlog with datagrams, and say how many were sent.',
    benchMetlogFields,
    ['bench metlog --address 127.0.0.1:5565 --rate 20000 --for 5s'],
  ).action(async (_options: unknown, command: Command) => {
    const { benchMetlog } = await import('./commands/bench-metlog.ts')
    await benchMetlog(context.terminal, valuesOf(context, benchMetlogFields, command))
  })
}
