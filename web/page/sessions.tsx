// The processes that have reported.
import { queryOf, type Row, type Table } from './ask.ts'
import { DeleteSession } from './delete-session.tsx'
import { Shown, Sql, useAnswer } from './answered.tsx'
import { formatCount, formatDuration, formatTime, visible } from './format.ts'
import { ImportArchive } from './import-archive.tsx'
import { SaveLink } from './save-link.tsx'
import { adjust, open, show, state, windowOf } from './view-state.ts'

/** The first that is chosen waits for the second. */
function Comparing({ session }: { readonly session: string }) {
  const { other } = state.value
  if (other === session) {
    return (
      <button type="button" aria-pressed onClick={() => adjust({ other: '' })}>
        chosen
      </button>
    )
  }
  return (
    <button
      type="button"
      onClick={() =>
        other === ''
          ? adjust({ other: session })
          : open('compare', { session, other: `session:${other}` })
      }
    >
      {other === '' ? 'choose' : 'with the chosen one'}
    </button>
  )
}

/** The sessions that all pages are about; several are one system. */
function chosenSessions(): readonly string[] {
  return state.value.session.split('\n').filter((one) => one !== '')
}

/** Adds a session to those that all pages are about, or takes it away. */
function Choosing({ session }: { readonly session: string }) {
  const chosen = chosenSessions()
  const isChosen = chosen.includes(session)
  const others = chosen.filter((one) => one !== session)
  return (
    <input
      type="checkbox"
      aria-label={`Look at ${visible(session)}`}
      checked={isChosen}
      onChange={() => show({ session: (isChosen ? others : [...chosen, session]).join('\n') })}
    />
  )
}

/** What can be done with those that are chosen, and with archives. */
function Carrying() {
  const chosen = chosenSessions()
  const address = `/api/v1/archive?${queryOf({ session: state.value.session })}`
  return (
    <p class="tools">
      {chosen.length > 0 && (
        <SaveLink address={address} name="sessions.jsonl.gz">
          Export{' '}
          {chosen.length === 1 ? 'the chosen session' : `the ${chosen.length} chosen sessions`}
        </SaveLink>
      )}
      <ImportArchive />
    </p>
  )
}

/** One of them. */
function Line({ row }: { readonly row: Row }) {
  return (
    <tr>
      <td>
        <Choosing session={String(row['session'])} /> {visible(String(row['service']))}
      </td>
      <td>
        <button
          type="button"
          class="link"
          onClick={() =>
            show({
              view: 'timeline',
              service: String(row['service']),
              session: String(row['session']),
            })
          }
        >
          {visible(String(row['session']))}
        </button>
      </td>
      <td>{formatTime(row['first_at'], 0)}</td>
      <td class="number">{formatDuration(Number(row['duration_ns']))}</td>
      <td class="number">{formatCount(Number(row['spans']))}</td>
      <td class="number">{formatCount(Number(row['span_errors']))}</td>
      <td class="number">{formatCount(Number(row['logs']))}</td>
      <td class="number">{formatCount(Number(row['dropped']))}</td>
      <td class="number">{String(row['process_pid'] === 0 ? '–' : row['process_pid'])}</td>
      <td>{visible(String(row['host_name']))}</td>
      <td>
        <Comparing session={String(row['session'])} />
      </td>
      <td>
        <DeleteSession service={String(row['service'])} session={String(row['session'])} />
      </td>
    </tr>
  )
}

/** The list of sessions. */
export function Sessions() {
  const answered = useAnswer<Table>('sessions', { ...windowOf(state.value), session: '' })
  return (
    <>
      <Carrying />
      <Shown answered={answered} what="the sessions">
        {({ rows, sql }) => (
          <>
            <table>
              <thead>
                <tr>
                  <th>Service</th>
                  <th>Session</th>
                  <th>Began (UTC)</th>
                  <th>Lasted</th>
                  <th>Spans</th>
                  <th>Errors</th>
                  <th>Logs</th>
                  <th>Dropped</th>
                  <th>Process</th>
                  <th>Host</th>
                  <th>Compare</th>
                  <th>Delete</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <Line row={row} />
                ))}
              </tbody>
            </table>
            {rows.length === 0 && (
              <p class="empty">No session has reported in what was asked for.</p>
            )}
            <Sql sql={sql} />
          </>
        )}
      </Shown>
    </>
  )
}
