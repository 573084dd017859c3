// Where a service is, for the file of endpoints.
import type { CollectorAddresses } from '@wayward/collector'
import {
  type ListenerDeclaration,
  type ListenerSetting,
  listeners,
  listenerSettings,
} from '@wayward/collector/listeners'
import type { Endpoints } from '../endpoints.ts'

/** The addresses as clients write them. */
export function toEndpoints(
  addresses: CollectorAddresses,
  {
    clickhouse,
    isTls,
    token,
  }: Pick<Endpoints, 'clickhouse' | 'token'> & { readonly isTls: boolean },
): Endpoints {
  const withScheme = (setting: ListenerSetting): string => {
    const declaration: ListenerDeclaration = listeners[setting]
    if (declaration.isBareWithoutTls === true && !isTls) return addresses[setting]
    return `${isTls ? 'https' : 'http'}://${addresses[setting]}`
  }
  return {
    version: 1,
    pid: process.pid,
    startedAt: new Date().toISOString(),
    ...listenerRecord(withScheme),
    ...(token === undefined ? {} : { token }),
    clickhouse,
  }
}

/** A value for each listener. */
export function listenerRecord<Value>(
  valueOf: (setting: ListenerSetting) => Value,
): Readonly<Record<ListenerSetting, Value>> {
  const entries = listenerSettings.map((setting) => [setting, valueOf(setting)])
  return Object.fromEntries(entries) as Record<ListenerSetting, Value>
}
