// The page of a lock, a queue or a job: how long, when, at which hours, who with whom.
import { visible } from '../format.ts'
import { open, show, state, windowOf } from '../view-state.ts'
import { Distribution } from './distribution.tsx'
import { Hours } from './hours.tsx'
import { JobState } from './job-states.tsx'
import { Pairs } from './pairs.tsx'
import { Progress } from './progress.tsx'
import { Runs } from './runs.tsx'
import { Slots } from './slots.tsx'
import type { Kind } from './subjects.tsx'

const analyzerOf = { lock: 'lock-contention', queue: 'queue-delay', job: 'job-runs' } as const

/** All of it. */
export function Subject({ kind, name }: { readonly kind: Kind; readonly name: string }) {
  const { service } = state.value
  const asked = { ...windowOf(state.value), kind, name }
  return (
    <section class="subject" aria-label={`${kind} ${name}`}>
      <h2>
        {kind} {visible(name)} <small>{visible(service)}</small>{' '}
        <button type="button" onClick={() => open('timeline', { lane: name })}>
          Timeline
        </button>{' '}
        <button type="button" onClick={() => open('compare', { name, analyzer: analyzerOf[kind] })}>
          Compare with earlier
        </button>{' '}
        <button type="button" onClick={() => show({ name: '' })}>
          Close
        </button>
      </h2>
      {kind === 'job' && <JobState name={name} service={service} />}
      {kind === 'job' && <Slots asked={asked} />}
      {kind === 'job' && <Runs asked={asked} />}
      <Progress asked={asked} kind={kind} />
      <Distribution asked={asked} />
      {kind === 'lock' && <Pairs asked={asked} />}
      <Hours asked={asked} />
    </section>
  )
}
