// `wayward flight` and `wayward import`: what a process did last, from the file of its flight
// recorder.
import { open, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { formatDuration } from '@wayward/analyzers'
import { renderTable, type Table, visible } from '@wayward/analyzers/report/table'
import { flightRequests } from '@wayward/convert'
import {
  cell,
  factsOf,
  processStartOf,
  type Flight,
  FlightError,
  type FlightHead,
  flightLife,
  type FlightThread,
  type RecordFacts,
  recordKind,
  type RecordView,
  readFlight,
} from '@wayward/record'
import { CommandError, exitCodes } from '../command-error.ts'
import type { flightFields, importFields } from '../configuration/flight-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { createOtlpSender } from '../otlp-sender.ts'
import type { Terminal } from '../terminal.ts'

const page = 'flight-recorder.md'

/** Shows a file. */
export async function showFlight(
  terminal: Terminal,
  { path, values }: { readonly path: string; readonly values: Resolved<typeof flightFields> },
): Promise<void> {
  const flight = await readFlightFile(path)
  const { head, seconds, ns } = flight
  const lastMs = seconds * 1000 + Math.floor(ns / 1e6)
  const facts = [
    `${head.serviceName || 'a service without a name'}, process ${head.pid} on ${head.host}`,
    `session ${head.sessionId}`,
    `from ${head.startedAt}`,
    seconds === 0
      ? 'and it is not known for how long'
      : `last seen at ${new Date(lastMs).toISOString()}${isAlive(head) ? ', and it runs still' : ''}`,
  ]
  await terminal.write(`${visible(facts.join(', '))}\n`)
  for (const warning of warningsOf(flight)) terminal.note(warning)
  if (flight.threads.length === 0) await terminal.write('\nNothing was recorded.\n')
  for (const thread of flight.threads)
    await showThread(terminal, { thread, flight, last: values.last })
}

/** Sends what was not sent, once. */
export async function importFlight(
  terminal: Terminal,
  { path, values }: { readonly path: string; readonly values: Resolved<typeof importFields> },
): Promise<void> {
  const flight = await readFlightFile(path)
  if (isAlive(flight.head)) {
    throw new CommandError(
      exitCodes.usage,
      `The process ${flight.head.pid} that writes the file still runs, and sends what it records; import it when it has ended`,
      { page },
    )
  }
  const { requests, spans, events, open: openCount, damaged } = flightRequests(flight)
  // The same file gives the same requests: an import that was ended in the middle goes on.
  const left = requests.slice(Math.max(0, flight.importedRequests))
  if (left.length === 0) {
    const isImported = flight.importedRequests > 0
    terminal.note(
      isImported ? 'The file was imported before; nothing was sent' : 'All was sent before the end',
    )
    return
  }
  // Before anything is sent: what cannot be remembered would be sent twice.
  const handle = await openToMark(path)
  try {
    const sender = createOtlpSender(values.endpoint, terminal, 'application/x-protobuf')
    let rejected = 0
    let message = ''
    for (const [index, request] of left.entries()) {
      const sent = await sender.send(request)
      rejected += sent.rejected
      if (sent.rejected > 0) message = sent.message
      const done = Int32Array.of(requests.length - left.length + index + 1)
      await handle.write(done, 0, done.byteLength, flightLife.importedAt)
    }
    for (const warning of warningsOf(flight)) terminal.note(warning)
    terminal.note(
      `Session ${flight.head.sessionId} of ${flight.head.serviceName}: ${spans} spans, ${events} events and ${openCount} operations that were open`,
    )
    if (damaged > 0) terminal.note(`${damaged} records cannot be read, and were left out`)
    if (rejected > 0) {
      throw new CommandError(
        exitCodes.store,
        `The collector did not take ${rejected} items, the last because: ${message}`,
        { page },
      )
    }
  } finally {
    await handle.close()
  }
}

async function readFlightFile(path: string): Promise<Flight> {
  try {
    return readFlight(await readFile(path))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const what = error instanceof FlightError ? `Cannot read ${path}: ${why}` : why
    throw new CommandError(exitCodes.usage, what, { cause: error, page })
  }
}

async function openToMark(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      exitCodes.usage,
      `Cannot write to ${path}, where it is noted that it was imported: ${why}`,
      { cause: error, page },
    )
  }
}

function warningsOf({ head, missingBytes, threads }: Flight): string[] {
  const found: string[] = []
  if (missingBytes > 0) found.push(`The file is cut: ${missingBytes} bytes are missing at its end`)
  if (head.mode === 'copied') {
    found.push(
      'The file was written a few times a second, as koffi was missing: what came last may not be in it',
    )
  }
  for (const { threadId, isTorn, isPartLost } of threads) {
    if (isTorn) found.push(`Records of thread ${threadId} are damaged; those before are read`)
    if (isPartLost)
      found.push(`Of thread ${threadId} more was recorded and not sent than is still there`)
  }
  return found
}

async function showThread(
  terminal: Terminal,
  {
    thread,
    flight,
    last,
  }: { readonly thread: FlightThread; readonly flight: Flight; readonly last: number },
): Promise<void> {
  const { seconds, ns } = flight
  const name = thread.threadId === 0 ? 'main thread' : `worker thread ${thread.threadId}`
  const open = thread
    .open()
    .map((view) => factsOf(view, kindOf(view)))
    .toSorted((a, b) => a.start.seconds - b.start.seconds || a.start.ns - b.start.ns)
  const ended: RecordFacts[] = []
  thread.read(false, (view, kind) => {
    if (kind !== recordKind.forgotten) ended.push(factsOf(view, kind))
    if (ended.length > 2 * last) ended.splice(0, ended.length - last)
  })
  await terminal.write(`\n${name}\n`)
  await terminal.write(
    open.length === 0
      ? '  held and waited for nothing\n'
      : renderTable(openTable(open, { seconds, ns }), terminal.width, terminal.style),
  )
  if (last === 0) return
  await terminal.write(
    ended.length === 0
      ? '  nothing had ended\n'
      : `\n${renderTable(endedTable(ended.slice(-last)), terminal.width, terminal.style)}`,
  )
}

const text = (heading: string) => ({ heading, align: 'left' }) as const
const right = (heading: string) => ({ heading, align: 'right' }) as const

function openTable(facts: readonly RecordFacts[], seen: RecordFacts['start']): Table {
  return {
    columns: [
      text('task'),
      text('it'),
      text('what'),
      right('for'),
      text('held by task'),
      text('asked for at'),
    ],
    rows: facts.map((one) => [
      one.task,
      one.kind,
      one.item === '' ? one.name : `${one.name} ${one.item}`,
      formatDuration(between(one.start, seen)),
      one.holder,
      one.site,
    ]),
  }
}

function endedTable(facts: readonly RecordFacts[]): Table {
  return {
    columns: [text('ended'), text('task'), text('it'), text('what'), right('took'), text('result')],
    rows: facts.map((one) => {
      const isEvent = one.task === ''
      const at = isEvent ? one.start : one.end
      return [
        timeOf(at),
        one.task,
        past[one.kind] ?? one.kind,
        one.item === '' ? one.name : `${one.name} ${one.item}`,
        isEvent ? '' : formatDuration(between(one.start, one.end)),
        one.result,
      ]
    }),
  }
}

const past: Readonly<Record<string, string>> = {
  'waits for': 'waited for',
  'waits in': 'waited in',
  holds: 'held',
  'processes of': 'processed of',
  runs: 'ran',
}

function between(from: RecordFacts['start'], to: RecordFacts['start']): number {
  return Math.max(0, (to.seconds - from.seconds) * 1e9 + to.ns - from.ns)
}

function timeOf({ seconds, ns }: RecordFacts['start']): string {
  const whole = new Date(seconds * 1000).toISOString().slice(11, 19)
  return `${whole}.${String(Math.floor(ns / 1000)).padStart(6, '0')}`
}

function kindOf({ cells, at }: RecordView): number {
  return (cells[at * 2 + cell.state] as number) & 0xff
}

/** Whether the process that writes a file runs on this machine. */
function isAlive({ host, pid, processStart }: FlightHead): boolean {
  if (host !== hostname()) return false
  if (processStart === 0) return isThere(pid)
  return processStartOf(pid) === processStart
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
