// The receivers of small messages: who may send, and what must be signed.
import { isLoopbackHost, formatAddress, type ListenAddress } from '@wayward/base'
import { BlockList, isIP } from 'node:net'
import { CollectorError } from '../../collector-error.ts'
import { messageListeners, type MessageSetting } from '../../listeners.ts'

/** What may be set of the receivers of messages; none listens without an address. */
export interface MessageSettings {
  readonly addresses: Readonly<Partial<Record<MessageSetting, ListenAddress>>>
  /** Addresses and networks (`10.1.0.0/16`) besides this machine that may send. @default none */
  readonly allowedSenders?: readonly string[]
  /** Keys of signatures by signer; with any, only signed messages are taken. @default none */
  readonly keys?: SignatureKeys
  /** Takes messages by `POST /metlog` at the listener of OTLP/HTTP, too. @default false */
  readonly isHttpServed?: boolean
}

/** Keys by signer, and by signer and version where it stands behind a slash: `shop/2`. */
export type SignatureKeys = Readonly<Record<string, string>>

/** Says whether an address may send. */
export type SenderCheck = (address: string) => boolean

/** Makes the check. This machine may always. @throws CollectorError `bad_sender` */
export function createSenderCheck(allowed: readonly string[]): SenderCheck {
  const list = new BlockList()
  for (const one of allowed) add(list, one)
  const check: SenderCheck = (address) => {
    const family = isIP(address)
    if (family === 0) return false
    return isLoopbackHost(address) || list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
  return remembered(check)
}

/** Addresses whose answer is kept; a look into the list costs as much as reading a message. */
const rememberedMax = 1_000

function remembered(check: SenderCheck): SenderCheck {
  const known = new Map<string, boolean>()
  return (address) => {
    const answer = known.get(address)
    if (answer !== undefined) return answer
    const found = check(address)
    if (known.size >= rememberedMax) known.clear()
    known.set(address, found)
    return found
  }
}

function add(list: BlockList, text: string): void {
  const [address = '', bits] = text.split('/')
  const family = isIP(address)
  const type = family === 6 ? 'ipv6' : 'ipv4'
  const bitsMax = family === 6 ? 128 : 32
  const isNetwork = bits !== undefined
  const isGood = family !== 0 && (!isNetwork || (/^\d+$/.test(bits) && Number(bits) <= bitsMax))
  if (!isGood) {
    throw new CollectorError(
      'bad_sender',
      `Cannot allow the sender "${text}": wanted an address such as 10.1.2.3, or a network such ` +
        'as 10.1.0.0/16',
    )
  }
  if (isNetwork) list.addSubnet(address, Number(bits), type)
  else list.addAddress(address, type)
}

/**
 * Refuses addresses that other machines can reach where it is not said who may send. ZeroMQ does
 * not tell who sends, and so stays on this machine.
 *
 * @throws CollectorError
 */
export function checkMessageSettings({ addresses, allowedSenders = [] }: MessageSettings): void {
  createSenderCheck(allowedSenders)
  for (const [setting, address] of Object.entries(addresses)) {
    if (isLoopbackHost(address.host)) continue
    const { isSenderKnown } = messageListeners[setting as MessageSetting]
    if (isSenderKnown && allowedSenders.length > 0) continue
    const cure = isSenderKnown
      ? 'say which machines may send (allow-senders), or choose a loopback address'
      : 'choose a loopback address: ZeroMQ does not tell who sends'
    throw new CollectorError(
      'unprotected',
      `Cannot listen on ${formatAddress(address)}: other machines can reach it, and anybody could ` +
        `send; ${cure} such as 127.0.0.1:${address.port}`,
    )
  }
}
