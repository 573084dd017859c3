// The commands of the back-channel with their options, texts and examples.
import { controlSettings } from '@wayward/collector/control/control-setting'
import type { Command } from 'commander'
import { type CommandContext, define, valuesOf } from './command-definition.ts'
import { controlListFields, controlSetFields } from './configuration/control-fields.ts'

const settingsText = Object.entries(controlSettings)
  .map(([name, { text }]) => `  ${name.padEnd(9)} ${text}`)
  .join('\n')

/** Adds `control`. */
export function addControl(context: CommandContext): void {
  const program = context.program
    .command('control')
    .summary('See which clients report, and set what they send.')
    .description('Tells clients that ask for it what to send (docs/control.md).')
  const control = { ...context, program }
  define(
    control,
    'list',
    'Show the clients that have asked lately, what they send in a second, and what is set.',
    controlListFields,
    ['control list', "control list --client 'shop*' --format json"],
  ).action(async (_options: unknown, command: Command) => {
    const { controlList } = await import('./commands/control.ts')
    await controlList(context.terminal, valuesOf(context, controlListFields, command))
  })
  define(
    control,
    'set',
    `Set something of all clients whose names fit. They learn of it when they ask next.\nThe settings:\n${settingsText}\nWhere several fit, the one that was set last counts.`,
    controlSetFields,
    [
      'control set severity 4 --client shop',
      "control set sampling 0.1 --name 'hits.*'",
      "control set timer off --client 'shop*' --name db.query",
      "control set detail 1/100 --client shop --name 'cache.*'",
    ],
  )
    .argument('<setting>', `one of ${Object.keys(controlSettings).join(', ')}`)
    .argument('<value>', 'its value')
    .action(async (setting: string, value: string, _options: unknown, command: Command) => {
      const { controlSet } = await import('./commands/control.ts')
      const values = valuesOf(context, controlSetFields, command)
      await controlSet(context.terminal, { setting, value, values })
    })
  define(
    control,
    'unset',
    'Take a setting back: the patterns are those with which it was set.',
    controlSetFields,
    ['control unset severity --client shop'],
  )
    .argument('<setting>', `one of ${Object.keys(controlSettings).join(', ')}`)
    .action(async (setting: string, _options: unknown, command: Command) => {
      const { controlUnset } = await import('./commands/control.ts')
      const values = valuesOf(context, controlSetFields, command)
      await controlUnset(context.terminal, { setting, values })
    })
}
