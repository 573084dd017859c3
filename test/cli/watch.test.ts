import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createTerminal } from 'wayward/terminal'
import { pauseAfterMs, show, watch } from 'wayward/watch'

function terminalOn(screen: {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}) {
  const out = new PassThrough()
  const error = new PassThrough()
  const interruption = new AbortController()
  const terminal = createTerminal({
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: Object.assign(out, screen) as unknown as NodeJS.WriteStream,
    stderr: Object.assign(error, screen) as unknown as NodeJS.WriteStream,
    env: {},
    cwd: '/',
    catchSignals: () => interruption.signal,
  })
  // From Node 26 on `read()` gives a chunk, not all that there is.
  const textOf = (stream: PassThrough): string => {
    let text = ''
    for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk)
    return text
  }
  return { terminal, interruption, out: () => textOf(out), error: () => textOf(error) }
}

describe('watch()', () => {
  test('shows an answer again when it is another one, and ends at a signal', async () => {
    const { terminal, interruption, out } = terminalOn({})
    const texts = ['one\n', 'one\n', 'two\n']
    let asked = 0
    const code = await watch(terminal, interruption.signal, async () => {
      const text = texts[asked] ?? 'two\n'
      if (++asked > texts.length) interruption.abort()
      return { text, exitCode: asked > 2 ? 1 : 0 }
    })
    expect(out()).toBe('one\ntwo\n')
    expect(code).toBe(1)
  })

  test('takes the place of the answer before on a terminal', async () => {
    const { terminal, interruption, out } = terminalOn({ isTTY: true, columns: 80 })
    await watch(terminal, interruption.signal, async () => {
      interruption.abort()
      return { text: 'one\n', exitCode: 0 }
    })
    expect(out()).toContain('\u001b[H\u001b[2J\u001b[3Jone\n')
  })

  test('ends at a signal while a question is not answered', async () => {
    const { terminal, interruption, out } = terminalOn({})
    let asked = 0
    const watching = watch(terminal, interruption.signal, async () => {
      if (++asked === 1) return { text: 'one\n', exitCode: 0 }
      interruption.abort()
      return await new Promise(() => {})
    })
    expect(await watching).toBe(0)
    expect(out()).toBe('one\n')
  })

  test('shows the beginning of what does not fit on the screen', async () => {
    const { terminal, interruption, out } = terminalOn({ isTTY: true, columns: 80, rows: 5 })
    await watch(terminal, interruption.signal, async () => {
      interruption.abort()
      return { text: '1\n2\n3\n4\n5\n', exitCode: 0 }
    })
    const shown = out()
    expect(shown).toContain('1\n2\n3\n')
    expect(shown).not.toContain('4')
    expect(shown).toContain('There is more')
  })

  test('goes on after a question that failed, but for the first', async () => {
    const { terminal, interruption, out, error } = terminalOn({})
    let asked = 0
    await watch(terminal, interruption.signal, async () => {
      asked++
      if (asked === 2) throw new Error('gone')
      if (asked === 4) interruption.abort()
      return { text: `${asked}\n`, exitCode: 0 }
    })
    expect(out()).toBe('1\n3\n')
    expect(error()).toBe('Asking again: gone\n')
    await expect(
      watch(
        terminal,
        new AbortController().signal,
        async () => await Promise.reject(new Error('x')),
      ),
    ).rejects.toThrow('x')
  })
})

describe('show()', () => {
  test('tells how far it is where it takes long and a person looks', async () => {
    const { terminal, out, error } = terminalOn({ isTTY: true, columns: 80 })
    const code = await show(terminal, async (tell) => {
      tell('3 of 12 questions answered')
      await new Promise((resolve) => {
        setTimeout(resolve, 1500)
      })
      return { text: 'done\n', note: 'a note', exitCode: 0 }
    })
    expect({ code, out: out() }).toEqual({ code: 0, out: 'done\n' })
    const told = error()
    expect(told).toContain('3 of 12 questions answered … 1 s')
    expect(told.endsWith('\r\u001b[Ka note\n')).toBe(true)
  })

  test('tells nothing into files', async () => {
    const { terminal, error } = terminalOn({})
    await show(terminal, async () => ({ text: '', exitCode: 0 }))
    expect(error()).toBe('')
  })
})

test.each([
  [10, 250],
  [600, 600],
  [8000, 1000],
])(
  'pauseAfterMs(%d) is %d: the pause is as long as the answer took, within bounds',
  (took, pause) => {
    expect(pauseAfterMs(took)).toBe(pause)
  },
)
