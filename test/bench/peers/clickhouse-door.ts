// The door through which both collectors reach the engine: `node clickhouse-door.js <address of the
// engine>` prints its own address. The exporter's ClickHouse client asks for a revision of the
// Native format that the engine does not write, so answers to its questions (SELECT and DESCRIBE of
// a few plain columns) are written here in that revision; they are also remembered, as over
// ClickHouse's own protocol it would get them for nothing. Inserts go through as they are, of both
// collectors.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

const revisionParameter = 'client_protocol_version'
/** Block info: no aggregation overflow, no bucket. */
const blockInfo = [1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]

const [engine = ''] = process.argv.slice(2)
const remembered = new Map<string, Promise<Buffer>>()

const server = createServer((incoming, response) => {
  const url = new URL(incoming.url ?? '/', engine)
  const isQuestion = url.searchParams.has(revisionParameter) && !url.searchParams.has('query')
  url.searchParams.delete(revisionParameter)
  if (isQuestion) void answerQuestion(incoming, url, response)
  else passOn(incoming, url, response)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.stdout.write(`http://127.0.0.1:${port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))

function passOn(incoming: IncomingMessage, url: URL, response: ServerResponse): void {
  const outgoing = request(url, { method: incoming.method, headers: incoming.headers })
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  const giveUp = (): void => void response.destroy()
  outgoing.on('error', giveUp)
  response.on('close', () => {
    if (!response.writableFinished) outgoing.destroy()
  })
  incoming.pipe(outgoing)
}

async function answerQuestion(
  incoming: IncomingMessage,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const sql = Buffer.concat(chunks).toString()
  try {
    const isFixed = /^\s*(?:DESC|SELECT displayName)/i.test(sql)
    const asked = (isFixed ? remembered.get(sql) : undefined) ?? ask(sql, url, incoming)
    if (isFixed) remembered.set(sql, asked)
    const bytes = await asked
    response.setHeader('Content-Length', bytes.length)
    response.end(bytes)
  } catch (error) {
    remembered.delete(sql)
    response.statusCode = 500
    response.end(String(error))
  }
}

interface Answer {
  readonly meta: readonly { readonly name: string; readonly type: string }[]
  readonly data: readonly (readonly (string | number)[])[]
}

async function ask(sql: string, url: URL, incoming: IncomingMessage): Promise<Buffer> {
  url.searchParams.set('default_format', 'JSONCompact')
  const headers = { authorization: incoming.headers.authorization ?? '' }
  const answer = await fetch(url, { method: 'POST', body: sql, headers })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  if (text === '') return Buffer.alloc(0)
  return encodeBlock(JSON.parse(text) as Answer)
}

function encodeBlock({ meta, data }: Answer): Buffer {
  const parts = [Buffer.from(blockInfo), varuint(meta.length), varuint(data.length)]
  meta.forEach(({ name, type }, column) => {
    // One byte after the type: no custom serialization.
    parts.push(text(name), text(type), Buffer.from([0]))
    for (const row of data) parts.push(cell(type, row[column] ?? ''))
  })
  return Buffer.concat(parts)
}

function cell(type: string, value: string | number): Buffer {
  if (type === 'String') return text(String(value))
  const bits = /^UInt(8|16|32)$/.exec(type)?.[1]
  if (bits === undefined) throw new Error(`A column of type ${type} cannot be written here`)
  const bytes = Buffer.alloc(Number(bits) / 8)
  bytes.writeUIntLE(Number(value), 0, bytes.length)
  return bytes
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([varuint(bytes.length), bytes])
}

function varuint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}
