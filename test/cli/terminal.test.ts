import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createTerminal, OutputClosed } from 'wayward/terminal'

interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
}

function terminalOn(screen: Screen, env: Record<string, string> = {}, errors = new PassThrough()) {
  const stdout = Object.assign(new PassThrough(), screen) as unknown as NodeJS.WriteStream
  const stderr = errors as unknown as NodeJS.WriteStream
  const catchSignals = () => new AbortController().signal
  const stdin = new PassThrough() as unknown as NodeJS.ReadStream
  const settings = { stdin, stdout, stderr, env, cwd: '/', catchSignals }
  return { stdout, terminal: createTerminal(settings) }
}

describe('createTerminal()', () => {
  test.each<[Screen, Record<string, string>, number]>([
    [{ isTTY: true, columns: 83 }, {}, 83],
    [{ isTTY: true, columns: 83 }, { COLUMNS: '200' }, 83],
    [{}, { COLUMNS: '200' }, 200],
    [{}, { COLUMNS: 'wide' }, 120],
    [{}, {}, 120],
    [{ isTTY: true, columns: 3 }, {}, 40],
  ])('on %j with %j tables are %i wide', (screen, env, width) => {
    expect(terminalOn(screen, env).terminal.width).toBe(width)
  })

  test('notes do not steer the screen, whatever names are in them', () => {
    const stderr = new PassThrough()
    const { terminal } = terminalOn({}, {}, stderr)
    terminal.note('Session \u001b[2J\u001b]0;x\u0007 of\r\nshop\u202e')
    expect(String(stderr.read())).toBe('Session ␛[2J␛]0;x␇ of␍\nshop�\n')
  })

  test.each<[Screen, Record<string, string>, boolean]>([
    [{ isTTY: true, columns: 80 }, {}, true],
    [{ isTTY: true, columns: 80 }, { NO_COLOR: '1' }, false],
    [{ isTTY: true, columns: 80 }, { NO_COLOR: '' }, true],
    [{ isTTY: true, columns: 80 }, { TERM: 'dumb' }, false],
    [{}, {}, false],
  ])('on %j with %j colour is %s', (screen, env, isColoured) => {
    expect(terminalOn(screen, env).terminal.style.bold('x') !== 'x').toBe(isColoured)
  })

  test('write() tells when nobody reads any more', async () => {
    const { stdout, terminal } = terminalOn({})
    await terminal.write('a')
    stdout.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
    await new Promise(setImmediate)
    await expect(terminal.write('b')).rejects.toBeInstanceOf(OutputClosed)
  })
})
