// What people are told of jobs, in words.
import type { JobState, JobStatus, StatusFlip } from '../jobs/job-state.ts'

/** A change of a job's state that somebody is told of. */
export interface JobNotice {
  /** The same however often it is sent: who gets it twice can know. */
  readonly id: string
  readonly service: string
  readonly job: string
  readonly status: JobStatus
  readonly before: JobStatus
  /** RFC 3339. */
  readonly at: string
  readonly text: string
  readonly tags: readonly string[]
  /** It changes so often that nothing more is told until it is steady. */
  readonly isFlapping: boolean
}

/** What is sent at once: a notice, or many together. */
export interface JobMessage {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly notices: readonly JobNotice[]
}

/** Notices of a message that are named one by one. */
const namedMax = 20

const words: Readonly<Record<JobStatus, string>> = {
  new: 'is new',
  up: 'is up',
  running: 'is running again',
  late: 'is late: a run was due and has not come',
  failing: 'is failing',
  down: 'is down: a run was due and did not come',
  paused: 'is paused',
}

/** A notice of a change. */
export function toNotice(state: JobState, flip: StatusFlip, isFlapping: boolean): JobNotice {
  const { definition, name, service } = state
  const { atMs, before, sequence, status } = flip
  const last = state.past.at(-1)
  const broken = (state.broken ?? []).map((text) => `; broken: ${text}`).join('')
  const end =
    status === 'failing' && last !== undefined ? ` (last run: ${last.result}${broken})` : ''
  const quiet = isFlapping ? '; it changes often, more is told when it is steady' : ''
  return {
    id: `${service}/${name}/${sequence}`,
    service,
    job: name,
    status,
    before,
    at: new Date(atMs).toISOString(),
    text: `${service}/${name} ${words[status]}${end}, it was ${before}${quiet}`,
    tags: definition?.tags ?? [],
    isFlapping,
  }
}

/** A message of one notice. */
export function messageOf(notice: JobNotice): JobMessage {
  const { id, service, job, status, text } = notice
  return { id, title: `${service}/${job}: ${status}`, text, notices: [notice] }
}

/** One message of many notices. */
export function digestOf(notices: readonly JobNotice[]): JobMessage {
  const counts = new Map<string, number>()
  for (const { status } of notices) counts.set(status, (counts.get(status) ?? 0) + 1)
  const summary = [...counts].map(([status, count]) => `${count} ${status}`).join(', ')
  const lines = notices.slice(0, namedMax).map(({ text }) => `- ${text}`)
  const more = notices.length - namedMax
  const rest = more > 0 ? [`and ${more} more`] : []
  const [first] = notices
  return {
    id: `${first?.id ?? ''}+${notices.length - 1}`,
    title: `${notices.length} jobs changed: ${summary}`,
    text: [`${notices.length} jobs changed: ${summary}`, ...lines, ...rest].join('\n'),
    notices,
  }
}
