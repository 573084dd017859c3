// The commands of jobs with their options, texts and examples.
import type { Command } from 'commander'
import { type CommandContext, define, valuesOf } from './command-definition.ts'
import {
  jobExecFields,
  jobsFields,
  jobSendFields,
  jobsShowFields,
} from './configuration/job-fields.ts'

/** Adds `job`. */
export function addJob(context: CommandContext): void {
  const program = context.program
    .command('job')
    .summary('Run a command and report the run, or send what could not be reported.')
    .description('Reports runs of commands (docs/jobs.md).')
    .enablePositionalOptions()
  const job = { ...context, program }
  addExec(context, job)
  addSend(context, job)
}

function addExec(context: CommandContext, job: CommandContext): void {
  define(
    job,
    'exec',
    'Run a command, and report its start, signs of life, output, exit code and what it took.\nSignals and the exit code are passed on. While the service is away reports are kept in a folder and sent later.',
    jobExecFields,
    [
      'job exec --name nightly -- ./backup.sh --full',
      'job exec --name import --service shop --max-run-time 20m -- node import.js',
      'job exec --name sweep --api-url https://collector.example.com:4320 -- ./sweep.sh',
    ],
    'That of the command; 127 where it is not found, 126 where it cannot be run, 128 and its number ' +
      'where a signal ends it. 2 for wrong usage of this one, and nothing is run then.',
  )
    .argument('<command...>', 'the command and its arguments, after --')
    .passThroughOptions()
    .action(async (argv: readonly string[], _options: unknown, command: Command) => {
      const { jobExec } = await import('./commands/job-exec.ts')
      context.exitCode = await jobExec(context.terminal, {
        argv,
        values: valuesOf(context, jobExecFields, command),
      })
    })
}

function addSend(context: CommandContext, job: CommandContext): void {
  define(
    job,
    'send',
    'Send the reports that wait in the folder, and tell how many.',
    jobSendFields,
    ['job send', 'job send --spool /var/spool/wayward --api-url http://127.0.0.1:4320'],
  ).action(async (_options: unknown, command: Command) => {
    const { jobSend } = await import('./commands/job-send.ts')
    context.exitCode = await jobSend(context.terminal, valuesOf(context, jobSendFields, command))
  })
}

/** Adds `jobs`. */
export function addJobs(context: CommandContext): void {
  const program = define(
    context,
    'jobs',
    'List the jobs that are reported over HTTP, those in trouble first.\n"jobs show" tells of one, "jobs watch" keeps the list current.',
    jobsFields,
    ['jobs', 'jobs --status failing', 'jobs --tag nightly --fail-on trouble', 'jobs show nightly'],
  ).action(async (_options: unknown, command: Command) => {
    await list(context, command, false)
  })
  const jobs = { ...context, program }
  define(jobs, 'watch', 'Keep the list of jobs current, until Ctrl-C.', jobsFields, [
    'jobs watch',
    'jobs watch --service shop',
  ]).action(async (_options: unknown, command: Command) => {
    await list(context, command, true)
  })
  define(
    jobs,
    'show',
    'Show a job: its runs as bars, when it is slow, how weeks compare, and what its last failures wrote.',
    jobsShowFields,
    ['jobs show nightly', 'jobs show import --service shop --format json'],
  )
    .argument('<name>', 'the job, by its name, slug or id')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { jobsShow } = await import('./commands/jobs.ts')
      const values = valuesOf(context, jobsShowFields, command)
      context.exitCode = await jobsShow(context.terminal, { name, values })
    })
}

async function list(context: CommandContext, command: Command, isWatching: boolean): Promise<void> {
  const { jobs } = await import('./commands/jobs.ts')
  const values = valuesOf(context, jobsFields, command)
  context.exitCode = await jobs(context.terminal, { isWatching, values })
}
