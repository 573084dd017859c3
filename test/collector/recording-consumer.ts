import type {
  Consumer,
  ConsumeOutcome,
  Encoding,
  Sender,
  Signal,
} from '@wayward/collector/consumer'

interface RecordedRequest {
  readonly signal: Signal
  readonly encoding: Encoding
  readonly body: Buffer
}

/** Answers with what it is told to, and keeps what it got. */
export interface RecordingConsumer extends Consumer {
  readonly requests: RecordedRequest[]
  /** Who sent them. */
  readonly senders: Sender[]
  /** Answers of the next requests; afterwards everything is accepted. */
  readonly outcomes: ConsumeOutcome[]
  /** While set, requests wait for it. */
  gate: Promise<void> | undefined
}

const accepted: ConsumeOutcome = {
  status: 'accepted',
  acceptedItems: 1,
  rejectedItems: 0,
  message: '',
}

export function createRecordingConsumer(): RecordingConsumer {
  const requests: RecordedRequest[] = []
  const senders: Sender[] = []
  const outcomes: ConsumeOutcome[] = []
  const recorder: RecordingConsumer = {
    requests,
    senders,
    outcomes,
    gate: undefined,
    async consume({ signal, encoding, body, sender }) {
      senders.push(sender)
      requests.push({ signal, encoding, body: Buffer.from(body) })
      await recorder.gate
      return outcomes.shift() ?? accepted
    },
  }
  return recorder
}
