import type { ProtectionSettings } from '@wayward/collector'
import { CommandError, exitCodes } from '../command-error.ts'
import type { protectionFields } from './fields.ts'
import type { Resolved } from './resolve.ts'

/** The settings of TLS, tokens and origins as the collector takes them. @throws CommandError */
export function toProtectionSettings(
  values: Resolved<typeof protectionFields>,
): ProtectionSettings {
  const { tlsCert, tlsKey, tlsClientCa, tokenFile, corsOrigin } = values
  const isTls = tlsCert !== undefined || tlsKey !== undefined || tlsClientCa !== undefined
  if (isTls && (tlsCert === undefined || tlsKey === undefined)) {
    const given = [
      ...(tlsCert === undefined ? [] : ['tls-cert']),
      ...(tlsKey === undefined ? [] : ['tls-key']),
      ...(tlsClientCa === undefined ? [] : ['tls-client-ca']),
    ]
    const missing = [
      ...(tlsCert === undefined ? ['tls-cert'] : []),
      ...(tlsKey === undefined ? ['tls-key'] : []),
    ]
    throw new CommandError(
      exitCodes.usage,
      `Cannot speak TLS: there is ${given.join(' and ')}, but not ${missing.join(' nor ')}; set all of them or none`,
      { page: 'security.md' },
    )
  }
  return {
    ...(tlsCert === undefined || tlsKey === undefined
      ? {}
      : {
          tls: {
            certificate: tlsCert,
            key: tlsKey,
            ...(tlsClientCa === undefined ? {} : { clientAuthority: tlsClientCa }),
          },
        }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(corsOrigin === undefined ? {} : { corsOrigins: corsOrigin }),
  }
}
