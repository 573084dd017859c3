// Goal: messages out through the application's logger, and its records in. Method: the real pino,
// winston and console.
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import {
  createCaptureSender,
  createLoggerSender,
  createMetlogClient,
  createPinoStream,
  createWinstonTransport,
  hookConsole,
} from '@wayward/metlog'
import pino from 'pino'
import winston from 'winston'
import { describe, expect, test } from 'vitest'

function createSink(): { readonly stream: Writable; readonly lines: string[] } {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trimEnd().split('\n'))
      done()
    },
  })
  return { stream, lines }
}

describe('out', () => {
  test('through pino and winston, by severity', () => {
    const [one, two] = [createSink(), createSink()]
    const loggers = [
      pino({ level: 'debug' }, one.stream),
      winston.createLogger({
        level: 'debug',
        transports: [new winston.transports.Stream({ stream: two.stream })],
      }),
    ]
    for (const logger of loggers) {
      const client = createMetlogClient({ sender: createLoggerSender(logger) })
      client.error('went wrong')
      client.debug('looked')
      client.incr('hits')
    }
    const levels = one.lines.map((line) => (JSON.parse(line) as { level: number }).level)
    expect(levels).toEqual([50, 20, 30])
    const seen = two.lines.map((line) => JSON.parse(line) as { level: string; message: string })
    expect(seen.map(({ level }) => level)).toEqual(['error', 'debug', 'info'])
    expect(seen[0]?.message).toBe('went wrong')
    expect(JSON.parse(seen[2]?.message ?? '')).toMatchObject({ type: 'counter', payload: '1' })
  })

  test('only the types that are listed; the others are counted', () => {
    const texts: string[] = []
    const logger = { info: (text: string) => texts.push(text) }
    const sender = createLoggerSender(logger, { payloadTypes: ['a'], jsonTypes: [] })
    const client = createMetlogClient({ sender })
    client.metlog('a', { payload: 'kept' })
    client.metlog('b')
    client.metlog('a', { severity: 4 })
    expect(texts).toEqual(['kept'])
    expect(client.counts().dropped).toEqual({ type_not_listed: 1, no_method: 1 })
  })
})

describe('in', () => {
  test('from pino, also in pieces and what is no record', () => {
    const sender = createCaptureSender()
    const stream = createPinoStream(createMetlogClient({ sender, logger: 'shop' }))
    pino({ name: 'web' }, stream).warn({ order: 7 }, 'late')
    stream.write('not ')
    stream.write('json\n{"level":60,"msg":"end"}\nnull\n')
    expect(sender.messages).toMatchObject([
      { type: 'oldstyle', logger: 'web', severity: 4, payload: 'late', fields: { order: 7 } },
      { payload: 'not json', logger: 'shop', severity: 6 },
      { payload: 'end', severity: 2 },
    ])
  })

  test('from winston', () => {
    const sender = createCaptureSender()
    const transport = createWinstonTransport(createMetlogClient({ sender }))
    winston.createLogger({ transports: [transport] }).error('no card', { user: 5 })
    expect(sender.messages).toMatchObject([
      { severity: 3, payload: 'no card', fields: { user: 5 } },
    ])
  })

  test('from a console, once, until it is undone', () => {
    const sender = createCaptureSender()
    const printed: string[] = []
    const { stream } = createSink()
    const target = new Console(stream)
    target.warn = (...args: readonly unknown[]) => void printed.push(args.join(' '))
    const undo = hookConsole(createMetlogClient({ sender }), target)
    target.warn('careful', { a: 1 })
    undo()
    target.warn('not seen')
    expect(printed).toEqual(['careful [object Object]', 'not seen'])
    expect(sender.messages).toMatchObject([{ severity: 4, payload: 'careful {"a":1}' }])
  })
})
