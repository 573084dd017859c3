// A broker of Kafka that takes records of one node, by the protocol guide: ApiVersions, Metadata
// and Produce, with batches of records of version 2.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { crc32c, RecordReader } from './kafka-records.ts'

export interface KafkaBroker {
  readonly port: number
  readonly records: { readonly topic: string; readonly key: string; readonly value: string }[]
  /** Errors of the next answers to Produce. */
  readonly errors: number[]
  readonly close: () => void
}

const produce = 0
const metadata = 3
const apiVersions = 18

export async function startBroker(): Promise<KafkaBroker> {
  const records: { topic: string; key: string; value: string }[] = []
  const errors: number[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let waiting = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk])
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE(0)) {
        const end = 4 + waiting.readInt32BE(0)
        socket.write(answer(new RecordReader(waiting.subarray(4, end))))
        waiting = waiting.subarray(end)
      }
    })
  })
  const answer = (request: RecordReader): Buffer => {
    const key = request.int16()
    request.int16()
    const correlation = request.int32()
    request.text()
    const body =
      key === apiVersions
        ? versions()
        : key === metadata
          ? nodes(request)
          : taken(request, records, errors.shift() ?? 0)
    return Buffer.concat([int32(body.length + 4), int32(correlation), body])
  }
  const nodes = (request: RecordReader): Buffer => {
    const topics = Array.from({ length: request.int32() }, () => request.text())
    return Buffer.concat([
      int32(1),
      int32(7),
      text('127.0.0.1'),
      int32((server.address() as AddressInfo).port),
      int16(-1),
      int32(7),
      int32(topics.length),
      ...topics.flatMap((topic) => [
        int16(0),
        text(topic),
        Buffer.from([0]),
        int32(1),
        int16(0),
        int32(0),
        int32(7),
        int32(1),
        int32(7),
        int32(1),
        int32(7),
      ]),
    ])
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port, records, errors, close }
}

function versions(): Buffer {
  const ranges = [
    [produce, 3, 3],
    [metadata, 1, 1],
    [apiVersions, 0, 0],
  ].flatMap((range) => range.map(int16))
  return Buffer.concat([int16(0), int32(3), ...ranges])
}

function taken(
  request: RecordReader,
  records: { topic: string; key: string; value: string }[],
  error: number,
): Buffer {
  request.text()
  request.int16()
  request.int32()
  const answers: Buffer[] = []
  const topics = request.int32()
  for (let index = 0; index < topics; index++) {
    const topic = request.text()
    const partitions = request.int32()
    answers.push(text(topic), int32(partitions))
    for (let at = 0; at < partitions; at++) {
      const partition = request.int32()
      const batch = request.bytes(request.int32())
      if (error === 0) {
        for (const record of recordsOf(batch)) records.push({ topic, ...record })
      }
      answers.push(int32(partition), int16(error), Buffer.alloc(16))
    }
  }
  return Buffer.concat([int32(topics), ...answers, int32(0)])
}

function recordsOf(bytes: Buffer): { readonly key: string; readonly value: string }[] {
  if (bytes.readUInt32BE(17) !== crc32c(bytes.subarray(21))) throw new Error('A wrong checksum')
  const batch = new RecordReader(bytes, 21)
  const compression = batch.int16() & 7
  batch.bytes(34)
  const count = batch.int32()
  return batch.records(count, compression)
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}
