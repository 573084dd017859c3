// Messages by `POST /metlog`: one as JSON or MessagePack, or a line for each. The answer comes when
// the good ones are safe, and says what was wrong with the others.
import {
  createHttpBodyReader,
  type Exchange,
  jsonReply,
  type Refusal,
  type Reply,
  type Route,
} from '@wayward/base'
import { createOtlpBatch, type OtlpBatch } from '@wayward/metlog/wire'
import { encode, exportLogsRequest, exportMetricsRequest } from '@wayward/otlp'
import type { ConsumeOutcome, Sender, Signal } from '../../consumer.ts'
import { metlogHttpReceiver } from '../../listeners.ts'
import { consumeRequest, type ReceiverParts } from '../receiver.ts'
import type { Refused } from './message-intake.ts'
import { isRefused, type MetlogDecoder } from './metlog-decoder.ts'

const problemsShownMax = 10
const linesMax = 100_000

/** Makes the route. */
export function createMetlogRoute(parts: ReceiverParts, decode: MetlogDecoder): Route {
  const { limits, requestBytes: budget } = parts
  const bodies = createHttpBodyReader({ budget, limits })
  return {
    path: '/metlog',
    methods: ['POST'],
    takesBody: true,
    async handle(exchange) {
      const { allowBody, request } = exchange
      const coding = request.headers['content-encoding'] ?? 'identity'
      if (coding !== 'identity' && coding !== 'gzip') {
        return unsupported(`The content encoding "${coding}" is not known, wanted gzip or none`)
      }
      allowBody()
      const inflate =
        coding === 'gzip' ? (body: Uint8Array) => parts.inflater.inflate(body, 'gzip') : undefined
      const read = await bodies.read(request, inflate)
      if (read.status === 'refused') return read.refusal
      const body = Buffer.from(read.body.buffer, read.body.byteOffset, read.body.byteLength)
      const isBinary = request.headers['content-type']?.includes('msgpack') === true
      try {
        return await takeAll(isBinary ? [body] : toLines(body), { parts, decode, exchange })
      } finally {
        read.release()
      }
    },
  }
}

interface Taking {
  readonly parts: ReceiverParts
  readonly decode: MetlogDecoder
  readonly exchange: Exchange
}

async function takeAll(lines: readonly Buffer[], taking: Taking): Promise<Reply | Refusal> {
  const { decode, parts } = taking
  const { telemetry, time } = parts
  const sender = senderOf(taking.exchange)
  const batch = createOtlpBatch()
  const problems: Refused[] = []
  const receivedNs = BigInt(Math.round(time.wallMs() * 1e6))
  for (const line of lines) {
    const read = decode(line)
    const problem = isRefused(read) ? read : batch.add(read, receivedNs)
    if (problem === undefined) continue
    problems.push(problem)
    const { message, reason } = problem
    telemetry.refusedMessages.add(1, metlogHttpReceiver, reason)
    telemetry.ledger.note({ event: 'rejected', reason, sender, requests: 1, items: 1, message })
  }
  const refusal = batch.size === 0 ? undefined : await consume(batch, sender, parts)
  if (refusal !== undefined) return refusal
  telemetry.messages.add(batch.size, metlogHttpReceiver)
  const status = batch.size === 0 ? 400 : 200
  return jsonReply(status, {
    accepted: batch.size,
    rejected: problems.length,
    problems: problems.slice(0, problemsShownMax).map((one) => one.message),
  })
}

/** @returns why nothing more is taken, or undefined where everything is safe */
async function consume(
  batch: OtlpBatch,
  sender: Sender,
  parts: ReceiverParts,
): Promise<Refusal | undefined> {
  const [logs, metrics] = [batch.toLogs(), batch.toMetrics()]
  const send = (signal: Signal, body: Uint8Array): Promise<ConsumeOutcome> =>
    consumeRequest(parts, { signal, encoding: 'protobuf', body, sender })
  const sent: Promise<ConsumeOutcome>[] = []
  if (logs !== undefined) sent.push(send('logs', encode(exportLogsRequest, logs)))
  if (metrics !== undefined) sent.push(send('metrics', encode(exportMetricsRequest, metrics)))
  for (const outcome of await Promise.all(sent)) {
    if (outcome.status === 'accepted') continue
    if (outcome.status === 'malformed') return { code: 'malformed', message: outcome.message }
    const { message, retryAfterMs, status } = outcome
    return { code: status, message, retryAfterMs }
  }
  return undefined
}

/** One message over several lines is one message: only what is JSON in every line is lines. */
function toLines(body: Buffer): readonly Buffer[] {
  const first = body.indexOf('\n')
  if (first < 0 || body[0] !== 0x7b) return [body]
  const text = body.toString('utf8')
  const lines = text.split('\n', linesMax).filter((line) => line.trim() !== '')
  const isOne = lines.length === 1 || !/\}\s*$/.test(lines[0] ?? '')
  return isOne ? [body] : lines.map((line) => Buffer.from(line))
}

function unsupported(message: string): Refusal {
  return { code: 'wrong_type', message }
}

function senderOf({ authorization, request }: Exchange): Sender {
  return {
    receiver: metlogHttpReceiver,
    address: request.socket.remoteAddress ?? '',
    agent: request.headers['user-agent'] ?? '',
    identity: authorization.status === 'allowed' ? authorization.identity : '',
  }
}
