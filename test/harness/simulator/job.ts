import type { JobInfo, RunResult } from './event.ts'
import type { Behaviour, SimTask } from './task.ts'
import type { SimProcess, World } from './world.ts'

/** What becomes of one due run. */
interface RunPlan {
  /** How long after its due time it starts. @default 0 */
  readonly lateNs?: number
  /** @default 0 */
  readonly durationNs?: number
  /** `hangs`: it never ends; `missed`: it is not made, and nobody says so. @default 'success' */
  readonly outcome?: RunResult | 'hangs' | 'missed'
  readonly error?: string
  /** @default 1 */
  readonly attempts?: number
  /** How often it is started. @default 1 */
  readonly times?: number
  readonly behaviour?: (task: SimTask) => Behaviour
}

export interface JobSettings {
  readonly name: string
  readonly schedule?: string
  readonly trigger?: string
  /** From one due time to the next. */
  readonly periodNs: number
  /** The first due time. @default one period from now */
  readonly firstAt?: number
  /** No run is due from then on. @default never */
  readonly untilAt?: number
  /** Whether runs say when they were due. @default true */
  readonly tellsDue?: boolean
  /** A run says that it must have ended so long after it was due. */
  readonly deadlineNs?: number
  /** What becomes of the run with this number, from 0. */
  readonly plan?: (number: number) => RunPlan
}

/** Makes runs fall due, in one process or in turn in several. */
export function scheduleJob(
  world: World,
  processes: readonly SimProcess[],
  settings: JobSettings,
): JobInfo {
  const { name, schedule, trigger, periodNs } = settings
  const job: JobInfo = { name, schedule, trigger }
  const firstAt = settings.firstAt ?? world.now + periodNs
  const due = (number: number): void => {
    const at = firstAt + number * periodNs
    if (at >= (settings.untilAt ?? Number.POSITIVE_INFINITY)) return
    world.timeline.at(at, () => {
      const process = processes[number % processes.length] as SimProcess
      fallDue(world, process, job, settings, number)
      due(number + 1)
    })
  }
  due(0)
  return job
}

function fallDue(
  world: World,
  process: SimProcess,
  job: JobInfo,
  settings: JobSettings,
  number: number,
): void {
  const plan = settings.plan?.(number) ?? {}
  const dueAt = world.now
  const due = world.nextOperation()
  world.events.push({
    kind: 'run due',
    operation: due,
    at: dueAt,
    job,
    service: process.info.service,
  })
  if (plan.outcome === 'missed') return
  for (let i = 0; i < (plan.times ?? 1); i++) {
    world.timeline.at(dueAt + (plan.lateNs ?? 0) + i, () => {
      startRun(world, process, job, settings, plan, { due, dueAt })
    })
  }
}

function startRun(
  world: World,
  process: SimProcess,
  job: JobInfo,
  settings: JobSettings,
  plan: RunPlan,
  { due, dueAt }: { readonly due: number; readonly dueAt: number },
): void {
  if (process.info.endedAt !== undefined) return
  const operation = world.nextOperation()
  const task = process.task(job.name)
  const { deadlineNs } = settings
  world.events.push({
    kind: 'run started',
    operation,
    at: world.now,
    task,
    parent: undefined,
    job,
    runId: `${process.info.pid}:${operation}`,
    due,
    toldDueAt: settings.tellsDue === false ? undefined : dueAt,
    deadlineAt: deadlineNs === undefined ? undefined : dueAt + deadlineNs,
  })
  const result = plan.outcome ?? 'success'
  if (result === 'hangs' || result === 'missed') return
  task.run(function* () {
    task.inside.push(operation)
    if (plan.behaviour !== undefined) yield* plan.behaviour(task)
    else yield* task.sleep(plan.durationNs ?? 0)
    const error = result === 'success' || result === 'skip' ? undefined : (plan.error ?? result)
    world.events.push({
      kind: 'run ended',
      operation,
      at: world.now,
      result,
      error,
      attempts: plan.attempts ?? 1,
    })
  })
}
