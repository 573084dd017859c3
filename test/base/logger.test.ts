import { createLogger } from '@wayward/base'
import { expect, test } from 'vitest'

const now = (): Date => new Date('2026-11-21T06:00:00Z')

test('a message is one line with time, level and fields', () => {
  const lines: string[] = []
  const logger = createLogger({ write: (text) => lines.push(text) }, { now })
  logger.info('Started', { port: 8123, host: 'local host', plain: 'x', none: undefined, big: 5n })
  logger.warn('Two\nlines', { error: new Error('broken "thing"'), list: [1, 'a'] })
  expect(lines).toEqual([
    '2026-11-21T06:00:00.000Z info Started port=8123 host="local host" plain=x big=5\n',
    '2026-11-21T06:00:00.000Z warn Two lines error="broken \\"thing\\"" list=[1,"a"]\n',
  ])
})

test('what would steer a terminal or turn text around is shown by its code', () => {
  const lines: string[] = []
  const logger = createLogger({ write: (text) => lines.push(text) }, { now })
  logger.info('red \u001b[31m', { file: '/tmp/\u001b[2J', name: 'a\u202eb c' })
  expect(lines).toEqual([
    '2026-11-21T06:00:00.000Z info red \\u{1b}[31m file=/tmp/\\u{1b}[2J name="a\\u{202e}b c"\n',
  ])
})

test('less urgent messages are left out', () => {
  const lines: string[] = []
  const logger = createLogger({ write: (text) => lines.push(text) }, { now, level: 'warn' })
  logger.info('a')
  logger.warn('b')
  logger.error('c')
  expect(lines.map((line) => line.split(' ')[2])).toEqual(['b\n', 'c\n'])
})
