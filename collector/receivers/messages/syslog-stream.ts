// Messages of syslog in a stream of bytes (RFC 6587): counted, `34 <34>1 …`, or ended by a line
// end. Each message may be of either form.

/** What a stream gave. */
export interface SyslogStream {
  /** Takes bytes; gives the messages that are whole. */
  push(bytes: Buffer): readonly Buffer[]
  /** Gives what is left when the stream has ended. */
  end(): readonly Buffer[]
  /** Set once a message is longer than the bound: where the next begins is not known then. */
  readonly isBroken: boolean
}

const space = 0x20
const lineEnd = 0x0a
const zeroDigit = 0x30
const nineDigit = 0x39
const countDigitsMax = 7

/** Takes a stream apart. @param messageBytesMax the longest message */
export function createSyslogStream(messageBytesMax: number): SyslogStream {
  let rest: Buffer = Buffer.alloc(0)
  const state = { isBroken: false }
  /** Takes the next message off `rest`; undefined where it is not whole yet. */
  const next = (): Buffer | undefined => {
    const counted = readCount(rest)
    if (counted === 'more') return undefined
    if (counted === 'none') {
      const end = rest.indexOf(lineEnd)
      if (end < 0) {
        state.isBroken ||= rest.length > messageBytesMax
        return undefined
      }
      const line = rest.subarray(0, end)
      rest = rest.subarray(end + 1)
      state.isBroken ||= line.length > messageBytesMax
      return line.at(-1) === 0x0d ? line.subarray(0, -1) : line
    }
    state.isBroken ||= counted.length > messageBytesMax
    const end = counted.start + counted.length
    if (state.isBroken || rest.length < end) return undefined
    const message = rest.subarray(counted.start, end)
    rest = rest.subarray(end)
    return message
  }
  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      const messages: Buffer[] = []
      while (!state.isBroken && rest.length > 0) {
        const message = next()
        if (message === undefined || state.isBroken) break
        if (message.length > 0) messages.push(message)
      }
      // Not the whole chunk of the socket for the sake of its last bytes.
      if (rest.length < bytes.length / 2) rest = Buffer.from(rest)
      return messages
    },
    end() {
      const last = rest
      rest = Buffer.alloc(0)
      return last.length === 0 || state.isBroken ? [] : [last]
    },
    get isBroken() {
      return state.isBroken
    },
  }
}

/** The count in front of a message, where there is one. */
function readCount(
  bytes: Buffer,
): { readonly start: number; readonly length: number } | 'none' | 'more' {
  let length = 0
  for (let at = 0; at <= countDigitsMax; at++) {
    const byte = bytes[at]
    if (byte === undefined) return at === 0 ? 'none' : 'more'
    if (byte === space && at > 0) return { start: at + 1, length }
    if (byte < zeroDigit || byte > nineDigit || (at === 0 && byte === zeroDigit)) return 'none'
    length = length * 10 + (byte - zeroDigit)
  }
  return 'none'
}
