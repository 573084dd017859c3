// The commands of the flight recorder with their options, texts and examples.
import type { Command } from 'commander'
import { type CommandContext, define, valuesOf } from './command-definition.ts'
import { flightFields, importFields } from './configuration/flight-fields.ts'

/** Adds `flight` and `import`. */
export function addFlight(context: CommandContext): void {
  define(
    context,
    'flight',
    'Show what a process held, waited for and ran last, from the file of its flight recorder. No service is needed.',
    flightFields,
    [
      'flight shop-20261128T120000-4711.flight',
      'flight --last 100 shop-20261128T120000-4711.flight',
    ],
  )
    .argument('<file>', 'a file that the SDK wrote (flightRecorder; docs/flight-recorder.md)')
    .action(async (path: string, _options: unknown, command: Command) => {
      const { showFlight } = await import('./commands/flight.ts')
      await showFlight(context.terminal, { path, values: valuesOf(context, flightFields, command) })
    })
  define(
    context,
    'import',
    'Send what a process had recorded and not sent when it was killed, from the file of its flight recorder, once.',
    importFields,
    [
      'import shop-20261128T120000-4711.flight',
      'import shop-20261128T120000-4711.flight --endpoint http://collector.internal:4318',
    ],
  )
    .argument('<file>', 'a file that the SDK wrote (flightRecorder; docs/flight-recorder.md)')
    .action(async (path: string, _options: unknown, command: Command) => {
      const { importFlight } = await import('./commands/flight.ts')
      const values = valuesOf(context, importFields, command)
      await importFlight(context.terminal, { path, values })
    })
}
