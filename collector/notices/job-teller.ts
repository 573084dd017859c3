// Tells people what changed, each change once for each channel:
//
//   flip ─▶ (gather) ─▶ few: a message each  ─▶ channel ─▶ told, in the state of the job
//                       many: one for all         └─ failed: again later, for a day
//
// What was told is part of the job's state, so a start goes on where the last one stopped. A kill
// between sending and keeping sends a message again, with the same id. A job that changes all the
// time is told as that, and then not until it is steady.
import type { Logger, Time, Timer } from '@wayward/base'
import type { JobBook } from '../jobs/job-book.ts'
import { isTrouble, type NewChange, toJudged } from '../jobs/job-change.ts'
import { jobKey, type JobState, type StatusFlip } from '../jobs/job-state.ts'
import type { Channel } from './channel.ts'
import type { ChannelSettings } from './channel-settings.ts'
import { digestOf, type JobMessage, type JobNotice, messageOf, toNotice } from './notice.ts'

/** Tells people. */
export interface JobTeller {
  /** Begins, with what was not told before the last stop. */
  start(): void
  /** Resolves when what is being sent is told, or not. */
  shutdown(): Promise<void>
}

/** A channel with its settings. */
export interface NamedChannel {
  readonly settings: ChannelSettings
  readonly channel: Channel
}

export interface JobTellerParts {
  readonly book: JobBook
  readonly channels: readonly NamedChannel[]
  readonly time: Time
  readonly logger: Logger
  onSent(channel: string, outcome: 'sent' | 'failed' | 'given_up'): void
}

const turnMs = 500
/** So long others may join a message. */
const gatherMs = 1_500
/** More than these at once are told in one message. */
const messagesAtOnceMax = 4
const messagesPerMinuteMax = 30
const retryMsFirst = 2_000
const retryMsMax = 300_000
/** What could not be told for so long is given up. */
const ageMsMax = 86_400_000
const minuteMs = 60_000
/** A job that turned so often within an hour is flapping, and steady after half of one. */
const flapsMax = 6
const flapsMs = 3_600_000
const steadyMs = 1_800_000

/** Makes a teller; it does nothing before its start. */
export function createJobTeller(parts: JobTellerParts): JobTeller {
  return new Teller(parts)
}

/** What is told of a job on a channel, and what is known as told then. */
interface Owed {
  readonly state: JobState
  /** Undefined where it is passed over. */
  readonly notice: JobNotice | undefined
  readonly sequence: number
  readonly isQuiet: boolean
}

interface ChannelState extends NamedChannel {
  failures: number
  notBeforeMs: number
  /** When messages were sent within the last minute. */
  sentMs: number[]
  isSending: boolean
}

class Teller implements JobTeller {
  readonly #parts: JobTellerParts
  readonly #channels: readonly ChannelState[]
  /** Jobs of which something may have to be told, and since when. */
  readonly #pending = new Map<string, { readonly sinceMs: number; state: JobState }>()
  #timer: Timer | undefined
  #isStopped = true
  #sending: Promise<unknown> = Promise.resolve()

  constructor(parts: JobTellerParts) {
    this.#parts = parts
    this.#channels = parts.channels.map((named) => ({
      ...named,
      failures: 0,
      notBeforeMs: 0,
      sentMs: [],
      isSending: false,
    }))
    parts.book.watch((_changes, state) => this.#note(state))
  }

  start(): void {
    this.#isStopped = false
    for (const state of this.#parts.book.states()) this.#note(state)
    this.#schedule()
  }

  async shutdown(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#sending
  }

  #note(state: JobState): void {
    const key = jobKey(state)
    const known = this.#pending.get(key)
    if (known !== undefined) known.state = state
    else if (
      state.isQuiet === true ||
      this.#channels.some((c) => this.#owed(c, state, 0).length > 0)
    ) {
      this.#pending.set(key, { sinceMs: this.#parts.time.wallMs(), state })
    }
  }

  #schedule(): void {
    this.#timer = this.#parts.time.after(turnMs, () => {
      this.#turn()
      if (!this.#isStopped) this.#schedule()
    })
    this.#timer.unref()
  }

  #turn(): void {
    const nowMs = this.#parts.time.wallMs()
    const open = new Set<string>()
    for (const channel of this.#channels) {
      const owed: Owed[] = []
      let oldestMs = Number.POSITIVE_INFINITY
      for (const [key, { sinceMs, state }] of this.#pending) {
        const own = this.#owed(channel, state, nowMs)
        if (own.length > 0 || state.isQuiet === true) open.add(key)
        if (own.length > 0) oldestMs = Math.min(oldestMs, sinceMs)
        owed.push(...own)
      }
      const isReady = oldestMs <= nowMs - gatherMs && nowMs >= channel.notBeforeMs
      if (isReady && !channel.isSending && owed.length > 0) this.#send(channel, owed)
    }
    for (const key of this.#pending.keys()) if (!open.has(key)) this.#pending.delete(key)
  }

  /** What a channel must be told of a job, oldest first. */
  #owed({ settings }: NamedChannel, state: JobState, nowMs: number): readonly Owed[] {
    if (!isFor(settings, state)) return []
    const told = state.told?.[settings.name]
    const flips = state.flips.filter(({ sequence }) => told === undefined || sequence > told)
    // To a channel that is new the present is told, and not the past.
    const news =
      told === undefined ? flips.slice(-1).filter(({ status }) => isTrouble(status)) : flips
    const steady = state.flips.at(-1)
    if (state.isQuiet === true) {
      if (steady === undefined || steady.atMs > nowMs - steadyMs) return []
      return [toOwed(settings, state, steady, { isQuiet: false, isFlapping: false })]
    }
    // What comes after that it is flapping is quiet.
    const end = news.findIndex((flip) => isFlappingAt(state, flip))
    return (end < 0 ? news : news.slice(0, end + 1)).map((flip) => {
      const isFlapping = isFlappingAt(state, flip)
      return toOwed(settings, state, flip, { isQuiet: isFlapping, isFlapping })
    })
  }

  #send(channel: ChannelState, owed: readonly Owed[]): void {
    channel.isSending = true
    // It never rejects: channels do not, and the book does not.
    const sending = this.#sendAll(channel, owed).finally(() => {
      channel.isSending = false
    })
    this.#sending = Promise.all([this.#sending, sending])
  }

  async #sendAll(channel: ChannelState, owed: readonly Owed[]): Promise<void> {
    const nowMs = this.#parts.time.wallMs()
    channel.sentMs = channel.sentMs.filter((sentMs) => sentMs > nowMs - minuteMs)
    const spoken = owed.filter(({ notice }) => notice !== undefined)
    const isMany = spoken.length > messagesAtOnceMax
    const room = messagesPerMinuteMax - channel.sentMs.length
    if (room < (isMany ? 1 : spoken.length)) return
    await this.#settle(
      channel,
      owed.filter(({ notice }) => notice === undefined),
      'passed over',
    )
    if (isMany) {
      const notices = spoken.flatMap(({ notice }) => (notice === undefined ? [] : [notice]))
      await this.#deliver(channel, digestOf(notices), spoken)
      return
    }
    for (const one of spoken) {
      if (one.notice === undefined) continue
      const isSent = await this.#deliver(channel, messageOf(one.notice), [one])
      // What comes after it comes after it.
      if (!isSent) return
    }
  }

  /** @returns whether it was sent */
  async #deliver(
    channel: ChannelState,
    message: JobMessage,
    owed: readonly Owed[],
  ): Promise<boolean> {
    const { logger, time } = this.#parts
    const { name } = channel.settings
    const outcome = await channel.channel.send(message)
    const nowMs = time.wallMs()
    if (outcome.status === 'sent') {
      channel.failures = 0
      channel.sentMs.push(nowMs)
      this.#parts.onSent(name, 'sent')
      await this.#settle(channel, owed, 'told')
      return true
    }
    channel.failures++
    const waitMs = Math.min(retryMsMax, retryMsFirst * 2 ** (channel.failures - 1))
    channel.notBeforeMs = nowMs + waitMs
    this.#parts.onSent(name, 'failed')
    logger.warn('Cannot tell of jobs; trying again', {
      channel: name,
      why: outcome.message,
      waitMs,
    })
    const old = owed.filter(({ notice }) => Date.parse(notice?.at ?? '') < nowMs - ageMsMax)
    if (old.length > 0) {
      this.#parts.onSent(name, 'given_up')
      await this.#settle(channel, old, `given up: ${outcome.message}`)
    }
    return false
  }

  /** Keeps what was told, so that it is not told again. */
  async #settle(channel: NamedChannel, owed: readonly Owed[], what: string): Promise<void> {
    const { name } = channel.settings
    await Promise.all(
      owed.map(({ isQuiet, notice, sequence, state }) => {
        const target = { service: state.service, name: state.name, owner: '', mayCreate: false }
        return this.#parts.book.work(target, (now, nowMs) => {
          const { isQuiet: _, ...rest } = now
          const told = { ...now.told, [name]: Math.max(sequence, now.told?.[name] ?? 0) }
          const after: JobState = { ...rest, told, ...(isQuiet ? { isQuiet: true } : {}) }
          const message = `${name}: ${what}${notice === undefined ? '' : `: ${notice.text}`}`
          const change: NewChange = { type: 'told', atMs: nowMs, source: 'clock', message }
          return toJudged(now, after, [change], nowMs)
        })
      }),
    )
  }
}

function toOwed(
  { statuses }: ChannelSettings,
  state: JobState,
  flip: StatusFlip,
  { isFlapping, isQuiet }: { readonly isFlapping: boolean; readonly isQuiet: boolean },
): Owed {
  const isSpoken = statuses === undefined || statuses.includes(flip.status) || isFlapping
  const notice = isSpoken ? toNotice(state, flip, isFlapping) : undefined
  return { state, notice, sequence: flip.sequence, isQuiet }
}

function isFor({ services, tags }: ChannelSettings, { definition, service }: JobState): boolean {
  if (services !== undefined && !services.includes(service)) return false
  return tags === undefined || tags.some((tag) => definition?.tags?.includes(tag) === true)
}

function isFlappingAt({ flips }: JobState, { atMs, sequence }: StatusFlip): boolean {
  const before = flips.filter((flip) => flip.sequence <= sequence && flip.atMs > atMs - flapsMs)
  return before.length >= flapsMax
}
