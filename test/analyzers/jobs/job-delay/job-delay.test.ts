// Goal: what job-delay says stopped a run is what stopped it. Method: worlds of the simulator in
// which a run was due while nothing could go on, and shares counted from their own events; and the
// SDK itself, in a process that collects garbage and blocks its event loop while a run is due.
import { describe, expect, test } from 'vitest'
import { hours, minutes, seconds } from '../../../harness/simulator/duration.ts'
import {
  plantLateJob,
  plantStalledJob,
  stallOfJob,
} from '../../../harness/simulator/scenarios/job-problems.ts'
import { plantedWorld, useStage } from '../../../harness/simulator/stage.ts'

const stage = useStage('job-delay')

describe('a run that was late', () => {
  test('because its event loop was blocked: collections first, and of its own thread alone', async () => {
    const world = plantedWorld(plantStalledJob, { at: hours(2), until: hours(3) })
    await stage.store(world)
    const { findings, rows } = await stage.ask(world)
    expect(rows).toHaveLength(1)
    const { blockedNs, collectedNs, lateNs } = stallOfJob
    expect(rows[0]).toMatchObject({
      job_name: 'invoices',
      lateness_ns: lateNs,
      gc_ns: collectedNs,
      stall_ns: blockedNs - collectedNs,
      asleep_ns: 0,
      unknown_ns: lateNs - blockedNs,
      main_cause: 'stall',
    })
    expect(findings[0]?.summary).toContain('the event loop was blocked')
    expect(findings[0]?.explanation).toContain('garbage collection 20 s, event loop blocked 40 s')
  })

  test('because its machine slept, whatever thread says so', async () => {
    const world = plantedWorld(
      (of, plot) => {
        const planted = plantStalledJob(of, plot)
        const [process] = of.processes
        of.timeline.at(plot.at + seconds(85), () =>
          process?.paused({ cause: 'machine_sleep', lengthNs: seconds(85), threadId: 3 }),
        )
        return planted
      },
      { at: hours(2), until: hours(3) },
    )
    await stage.store(world)
    const { rows } = await stage.ask(world)
    expect(rows[0]).toMatchObject({
      asleep_ns: seconds(85),
      gc_ns: 0,
      stall_ns: 0,
      unknown_ns: seconds(5),
      main_cause: 'asleep',
    })
  })

  test('and pauses at other times have no share in it', async () => {
    const world = plantedWorld(
      (of, plot) => {
        const planted = plantLateJob(of, plot)
        const [process] = of.processes
        for (let at = minutes(7); at < hours(20); at += minutes(60)) {
          of.timeline.at(at, () =>
            process?.paused({ cause: 'eventloop_stall', lengthNs: seconds(1) }),
          )
        }
        return planted
      },
      { at: hours(48), until: hours(60) },
    )
    await stage.store(world)
    const { rows } = await stage.ask(world)
    expect(rows[0]).toMatchObject({
      job_name: 'nightly-report',
      stall_ns: 0,
      main_cause: 'unknown',
    })
  })
})
