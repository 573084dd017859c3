import { formatAddress, type ListenAddress, ListenError } from '@wayward/base'
import { CollectorError } from './collector-error.ts'
import type { ListenerSetting, MessageSetting } from './listeners.ts'
import type { Receiver } from './receivers/receiver.ts'

/**
 * Lets a listener listen.
 *
 * @returns the address with its real port
 * @throws CollectorError with the setting
 */
export async function startListener(
  listener: Pick<Receiver, 'start'>,
  setting: ListenerSetting | MessageSetting,
  address: ListenAddress,
): Promise<string> {
  try {
    return formatAddress(await listener.start(address))
  } catch (cause) {
    if (!(cause instanceof ListenError)) throw cause
    const cure =
      cause.code === 'port_in_use'
        ? 'stop that process or choose another port'
        : 'choose another address'
    throw new CollectorError(cause.code, `${cause.message}; ${cure}`, { cause, setting })
  }
}
