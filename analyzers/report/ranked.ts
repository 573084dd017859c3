// All questions asked at once, and what they found in one list that says each cause once: the lock
// that makes others wait, the convoy behind it and who blocked whom are three faces of one thing.
import assert from 'node:assert/strict'
import type { Reader } from '@wayward/clickhouse'
import type { Finding, SubjectKind, Telling } from '../analyzer.ts'
import { listAnalyzers, type Report, type ReportWindow, runAnalyzer, shareAmong } from '../run.ts'

/** Questions that are asked at a time: the machine is shared with whom we look at. */
const concurrencyMax = 2

/** A finding and whose it is. */
export interface Attributed extends Finding {
  readonly analyzer: string
}

/** One thing that is wrong, by the finding that says most about it. */
export interface Cause extends Attributed {
  /** What the analyzers look at: a lock, a queue, a job or the sessions themselves. */
  readonly kind: SubjectKind
  /** What else was found about the same thing, the most severe first. */
  readonly faces: readonly Attributed[]
}

/** What became of a question. */
export interface Asked {
  readonly analyzer: string
  readonly question: string
  /** `failed` if ClickHouse could not answer this one; `reason` says why. */
  readonly status: Report['status'] | 'failed'
  readonly absence?: Report['absence']
  readonly missing: readonly string[]
  readonly reason?: string
}

/** Everything that is known to be wrong in a window. */
export interface RankedReport {
  /** What was looked at, in words: `service shop, from 2026-11-27 03:00:00 UTC`. */
  readonly about: string
  /** What to know about the data before believing the rest: losses, clocks, silent sessions. */
  readonly dataQuality: readonly Cause[]
  /** The most severe first. */
  readonly causes: readonly Cause[]
  readonly asked: readonly Asked[]
}

/**
 * Asks all questions.
 *
 * @param onAnswered told how many have been answered, of how many
 * @throws StoreError if ClickHouse answers none of them
 */
export async function runReport(
  store: Reader,
  window: ReportWindow = {},
  onAnswered: (answered: number, of: number) => void = () => {},
): Promise<RankedReport> {
  const questions = (await listAnalyzers()).filter(({ isAskedAlone }) => !isAskedAlone)
  const names = questions.map(({ name }) => name)
  const common = shareAmong(store, names, window)
  const outcomes: Array<Report | FailedQuestion> = []
  // Those who ask take from the same list.
  const remaining = questions.values()
  const askInTurn = async (): Promise<void> => {
    for (const { name, question } of remaining) {
      outcomes.push(
        await runAnalyzer(store, name, window, common).catch((error: unknown) => ({
          analyzer: name,
          question,
          error,
        })),
      )
      onAnswered(outcomes.length, questions.length)
    }
  }
  await Promise.all(Array.from({ length: concurrencyMax }, askInTurn))
  const failed = outcomes.filter((outcome) => 'error' in outcome)
  if (failed.length === questions.length) throw failed[0]?.error
  const byName = outcomes.toSorted((a, b) => (a.analyzer < b.analyzer ? -1 : 1))
  return rank(byName, window)
}

/** A question that ClickHouse could not answer. */
interface FailedQuestion {
  readonly analyzer: string
  readonly question: string
  readonly error: unknown
}

/** One list of what the analyzers have found. */
export function rank(
  outcomes: ReadonlyArray<Report | FailedQuestion>,
  window: ReportWindow = {},
): RankedReport {
  const found = outcomes
    .filter((outcome): outcome is Report => !('error' in outcome))
    .flatMap(({ analyzer, kind, tells, findings }) =>
      findings.map((finding) => ({ ...finding, analyzer, kind, tells })),
    )
    .toSorted((a, b) => b.severity - a.severity || order[a.tells] - order[b.tells])
  return {
    about: aboutWindow(window),
    dataQuality: toCauses(found.filter(({ kind }) => kind === 'session')),
    causes: toCauses(found.filter(({ kind }) => kind !== 'session')),
    asked: outcomes.map(toAsked),
  }
}

function aboutWindow({ service, sessions, from, to }: ReportWindow): string {
  return [
    service === undefined ? 'all services' : `service ${service}`,
    ...(sessions === undefined
      ? []
      : [`${sessions.length === 1 ? 'session' : 'sessions'} ${sessions.join(' and ')}`]),
    ...(from === undefined ? [] : [`from ${secondOf(from)}`]),
    to === undefined ? 'up to now' : `to ${secondOf(to)}`,
  ].join(', ')
}

function secondOf(ns: bigint): string {
  const iso = new Date(Number(ns / 1_000_000n)).toISOString()
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`
}

type Found = Attributed & { readonly kind: SubjectKind; readonly tells: Telling }

/** Of findings that are about as severe, the one that says why leads, then what is the matter. */
const order: Readonly<Record<Telling, number>> = { cause: 0, matter: 1, detail: 2 }
const aboutAsSevere = 10

/**
 * A finding is a face of the first cause whose own finding is about one of the same things. What
 * only shares a thing with another face stands alone: a small risk between two locks does not make
 * their troubles one.
 */
function toCauses(found: readonly Found[]): Cause[] {
  const groups: Found[][] = []
  const byThing = new Map<string, Found[]>()
  for (const finding of found) {
    const things = thingsOf(finding)
    const known = things.map((thing) => byThing.get(thing)).find((group) => group !== undefined)
    if (known === undefined) {
      const group = [finding]
      groups.push(group)
      for (const thing of things) if (!byThing.has(thing)) byThing.set(thing, group)
    } else {
      known.push(finding)
    }
  }
  return groups.map(toCause)
}

/** @param group the most severe first; the cause is as severe as that, whichever leads */
function toCause(group: readonly Found[]): Cause {
  const severity = group[0]?.severity ?? 0
  const [leader, ...rest] = group.toSorted((a, b) => rankOf(a, severity) - rankOf(b, severity))
  assert(leader !== undefined, 'A cause without a finding')
  const { tells: _, ...lead } = leader
  return { ...lead, severity, faces: rest.map(({ kind: _kind, tells: _tells, ...face }) => face) }
}

function rankOf({ severity, tells }: Found, most: number): number {
  return most - severity <= aboutAsSevere ? order[tells] : most - severity
}

function thingsOf({ kind, service, subject, about = [subject] }: Found): string[] {
  const names = about.length === 0 ? [subject] : about
  return service
    .split(', ')
    .flatMap((one) => names.map((name) => JSON.stringify([kind, one, name])))
}

function toAsked(outcome: Report | FailedQuestion): Asked {
  if ('error' in outcome) {
    const { analyzer, question, error } = outcome
    const reason = error instanceof Error ? error.message : String(error)
    return { analyzer, question, status: 'failed', missing: [], reason }
  }
  const { analyzer, question, status, absence, missing } = outcome
  return { analyzer, question, status, missing, ...(absence === undefined ? {} : { absence }) }
}
