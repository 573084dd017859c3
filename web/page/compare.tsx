// Two times or sessions side by side: what an analyzer says of each, and what has changed.
import { Shown, useAnswer } from './answered.tsx'
import { type ColumnOfTable, type Row, type Table, textOf } from './ask.ts'
import { visible } from './format.ts'
import { cellText, titleOfColumn } from './tables/cell.ts'
import { parseMoment, rfc3339 } from './timeline/view.ts'
import { show, state, windowOf } from './view-state.ts'

const analyzers = ['lock-contention', 'queue-delay', 'job-runs'] as const
const sinceMs: Readonly<Record<string, number>> = {
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
  '7d': 604_800_000,
}

interface AnalyzerAnswer extends Table {
  readonly headline: readonly string[]
}

/** The page of comparisons. */
export function Compare() {
  const { analyzer: asked, name, other, session } = state.value
  const analyzer = analyzers.find((known) => known === asked) ?? 'lock-contention'
  const sessions = useAnswer<Table>('sessions', { service: state.value.service })
  const before = beforeOf(other)
  const now = useAnswer<AnalyzerAnswer>(`analyzers/${analyzer}`, windowOf(state.value))
  const then = useAnswer<AnalyzerAnswer>(
    before === undefined ? '' : `analyzers/${analyzer}`,
    before ?? {},
  )
  return (
    <>
      <p class="tools">
        {analyzers.map((key) => (
          <button
            type="button"
            aria-pressed={key === analyzer}
            onClick={() => show({ analyzer: key })}
          >
            {key.replaceAll('-', ' ')}
          </button>
        ))}
        <label>
          {session === '' ? 'This time' : 'This session'} against{' '}
          <select value={other} onChange={(event) => show({ other: event.currentTarget.value })}>
            <option value="">choose …</option>
            <option value="before">the same length of time before it</option>
            {sessions.value?.rows.slice(0, 300).map((row) => (
              <option value={`session:${String(row['session'])}`}>
                session {String(row['session']).slice(0, 24)},{' '}
                {String(row['first_at']).slice(5, 16).replace('T', ' ')}
              </option>
            ))}
          </select>
        </label>
        {name !== '' && (
          <button type="button" onClick={() => show({ name: '' })}>
            only {visible(name)}: show all
          </button>
        )}
      </p>
      {other === '' ? (
        <p class="empty">
          Choose what to compare with: the time before, which needs a time range above, or another
          session.
        </p>
      ) : before === undefined ? (
        <p class="empty">“Everything” has no time before it: choose a time range above.</p>
      ) : (
        <Shown answered={then} what="the one to compare with">
          {(old) => (
            <Shown answered={now} what="what is now">
              {(fresh) => <Differences fresh={fresh} old={old} name={name} />}
            </Shown>
          )}
        </Shown>
      )}
    </>
  )
}

/** What the other side is asked with. */
function beforeOf(other: string): Readonly<Record<string, string>> | undefined {
  const { from, service, since, to } = state.value
  if (other.startsWith('session:')) return { service, session: other.slice('session:'.length) }
  if (other !== 'before') return undefined
  const [fromNs, toNs] = [parseMoment(from), parseMoment(to)]
  if (fromNs !== undefined && toNs !== undefined) {
    return { service, from: rfc3339(fromNs - (toNs - fromNs)), to: rfc3339(fromNs) }
  }
  const lengthMs = sinceMs[since]
  if (lengthMs === undefined) return undefined
  const endMs = Math.round(Date.now() / 10_000) * 10_000 - lengthMs
  return {
    service,
    from: new Date(endMs - lengthMs).toISOString(),
    to: new Date(endMs).toISOString(),
  }
}

interface Pair {
  readonly key: string
  readonly old: Row | undefined
  readonly fresh: Row | undefined
}

function Differences({
  fresh,
  name,
  old,
}: {
  readonly fresh: AnalyzerAnswer
  readonly old: AnalyzerAnswer
  readonly name: string
}) {
  const columns = fresh.headline.flatMap(
    (key) => fresh.columns.find((column) => column.name === key) ?? [],
  )
  const [nameColumn, ...others] = columns
  if (nameColumn === undefined) return null
  const numbers = others.filter(({ type }) =>
    ['count', 'duration', 'fraction', 'number', 'rate'].includes(type),
  )
  const pairs = pairsOf(fresh, old, nameColumn.name).filter(
    ({ key }) => name === '' || key.startsWith(`${name}\n`),
  )
  if (pairs.length === 0) return <p class="empty">Neither side has anything to compare.</p>
  return (
    <div class="wide">
      <table class="sorted" aria-label="Differences">
        <thead>
          <tr>
            <th>{titleOfColumn(nameColumn)}</th>
            <th>side</th>
            {numbers.map((column) => (
              <th class="number" title={column.description}>
                {titleOfColumn(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <>
              <Side
                label={visible(pair.key.replace('\n', ' · '))}
                side="other"
                row={pair.old}
                columns={numbers}
              />
              <Side label="" side="this" row={pair.fresh} columns={numbers} />
              <tr class="change">
                <td />
                <td>change</td>
                {numbers.map((column) => (
                  <td class="number">{changeOf(pair, column)}</td>
                ))}
              </tr>
            </>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Side({
  columns,
  label,
  row,
  side,
}: {
  readonly label: string
  readonly side: string
  readonly row: Row | undefined
  readonly columns: readonly ColumnOfTable[]
}) {
  return (
    <tr>
      <td>{label}</td>
      <td>{row === undefined ? `${side}: not there` : side}</td>
      {columns.map((column) => (
        <td class="number">{row === undefined ? '' : cellText(row[column.name], column)}</td>
      ))}
    </tr>
  )
}

/** By how much, as a share of the other side. */
function changeOf({ fresh, old }: Pair, { name }: ColumnOfTable): string {
  const [now, before] = [Number(fresh?.[name]), Number(old?.[name])]
  if (fresh === undefined || old === undefined || !Number.isFinite(now - before) || now === before)
    return ''
  if (before === 0) return 'new'
  const share = (100 * (now - before)) / before
  return `${share > 0 ? '+' : ''}${share.toFixed(Math.abs(share) < 10 ? 1 : 0)} %`
}

/** By name and service: those that are on both sides, or on one. */
function pairsOf(fresh: Table, old: Table, nameColumn: string): readonly Pair[] {
  const keyOf = (row: Row): string => `${textOf(row, nameColumn)}\n${textOf(row, 'service')}`
  const [now, before] = [fresh, old].map(
    ({ rows }) => new Map(rows.map((row) => [keyOf(row), row])),
  )
  const keys = new Set([...(now?.keys() ?? []), ...(before?.keys() ?? [])])
  return [...keys].map((key) => ({ key, fresh: now?.get(key), old: before?.get(key) }))
}
