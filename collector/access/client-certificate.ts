import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** What a connection's client certificate is worth. */
export type ClientCertificate =
  | { readonly status: 'accepted'; readonly identity: string }
  | { readonly status: 'refused'; readonly message: string }

const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  INVALID_PURPOSE: 'it is not meant for clients',
}

/** Reads the certificate of a connection, once its handshake is done. */
export function readClientCertificate(socket: Socket): ClientCertificate {
  if (!isTls(socket)) return refused('A client certificate is asked for, and this is not TLS')
  const certificate = socket.getPeerCertificate()
  // Not by `authorized` alone: it is also true for a session that was resumed without any
  // certificate.
  if (Object.keys(certificate).length === 0) {
    return refused('A client certificate is missing; connect with one that this service accepts')
  }
  if (!socket.authorized) {
    const code = String(socket.authorizationError)
    const reason = reasons[code] ?? 'it is not of an authority that this service trusts'
    return refused(`The client certificate is not accepted: ${reason}`)
  }
  // There are certificates without a subject, and ones with several names.
  const subject = certificate.subject as { readonly CN?: string | string[] } | undefined
  const name = subject?.CN
  const identity = Array.isArray(name) ? name[0] : name
  return { status: 'accepted', identity: identity ?? certificate.subjectaltname ?? '' }
}

function refused(message: string): ClientCertificate {
  return { status: 'refused', message }
}

/**
 * By what is there, not by its class: an HTTP/2 session shows its socket through a proxy, of which
 * `in` is no help.
 */
function isTls(socket: Socket): socket is TLSSocket {
  return typeof (socket as Partial<TLSSocket>).getPeerCertificate === 'function'
}
