// What the service says of itself, such as what it has found.
import type { Consumer, ConsumeOutcome, Sender } from '../consumer.ts'
import { ownReceiver } from '../listeners.ts'

const sender: Sender = { receiver: ownReceiver, address: '', agent: '', identity: '' }

/** Delivers log records, as OTLP/JSON. Never rejects. */
export function reportOwn(consumer: Consumer, logs: string): Promise<ConsumeOutcome> {
  const body = Buffer.from(logs)
  return consumer.consume({ signal: 'logs', encoding: 'json', body, sender })
}
