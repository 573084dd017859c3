// Goal: the tags that decode's hot loops have as numbers are those of the tables. A lookup there
// would cost the jump table of the switch. Method: read the sources as text; each `case` with a
// tag names its field in a comment.
import { readdirSync, readFileSync } from 'node:fs'
import {
  anyValue,
  exponentialHistogramDataPoint,
  histogramDataPoint,
  logRecord,
  type Message,
  span,
  summaryDataPoint,
} from '@wayward/otlp'
import { describe, expect, test } from 'vitest'

const folder = new URL('../../collector/decode/', import.meta.url)
const messages: Readonly<Record<string, Message>> = {
  'any-value.ts': anyValue,
  'exponential-histogram-values.ts': exponentialHistogramDataPoint,
  'histogram-values.ts': histogramDataPoint,
  'log-reader.ts': logRecord,
  'span-reader.ts': span,
  'summary-values.ts': summaryDataPoint,
}

describe('decode', () => {
  test('has its tags from the tables of the messages', () => {
    const seen = Object.entries(messages).map(([file, message]) => {
      const text = readFileSync(new URL(file, folder), 'utf8')
      const cases = [...text.matchAll(/case (0x[0-9a-f]{2,4}):(?: \{)?\s*\/\/ ([a-z_]+)/g)]
      const wrong = cases
        .filter(([, tag, name]) => Number(tag) !== tagOf(message, name ?? ''))
        .map(([all]) => all)
      return { file, wrong, isAny: cases.length > 2 }
    })
    expect(seen).toEqual(Object.keys(messages).map((file) => ({ file, wrong: [], isAny: true })))
  })

  test('has no other file with tags in a switch', () => {
    const files = readdirSync(folder).filter((file) =>
      /case 0x[0-9a-f]{2,4}:(?: \{)?\s*\/\/ [a-z_]+$/m.test(
        readFileSync(new URL(file, folder), 'utf8'),
      ),
    )
    expect(files.toSorted()).toEqual(Object.keys(messages).toSorted())
  })
})

function tagOf(message: Message, protoName: string): number {
  const field = message.fields.find((one) => one.protoName === protoName)

  return field === undefined ? -1 : field.number * 8 + field.wireType
}
