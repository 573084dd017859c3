// Channels over HTTP: a signed webhook, and the forms of Slack and Matrix.
import { createHmac } from 'node:crypto'
import { type Channel, outcomeOf, sendTimeoutMs } from '../channel.ts'

export interface WebhookSettings {
  readonly url: string
  readonly secret?: string | undefined
}

/**
 * Posts JSON. With a secret the header `Wayward-Signature: t=<seconds>,v1=<hex>` has the
 * HMAC-SHA256 of `<seconds>.<body>`.
 */
export function createWebhook({ secret, url }: WebhookSettings): Channel {
  return {
    send: (message) =>
      outcomeOf(async () => {
        const body = JSON.stringify({ kind: 'jobs', ...message })
        const seconds = Math.floor(Date.now() / 1000)
        await request(url, 'POST', body, {
          'Idempotency-Key': message.id,
          ...(secret === undefined ? {} : { 'Wayward-Signature': sign(secret, seconds, body) }),
        })
      }),
  }
}

/** The signature of a body; who gets it works it out as well, and compares. */
export function sign(secret: string, seconds: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${digest}`
}

/** A webhook as Slack takes it, and those that do as Slack does (Mattermost, hookshot). */
export function createSlack({ url }: { readonly url: string }): Channel {
  return {
    send: ({ text }) => outcomeOf(() => request(url, 'POST', JSON.stringify({ text }), {})),
  }
}

export interface MatrixSettings {
  /** The homeserver. */
  readonly url: string
  readonly room: string
  readonly token: string
}

/** A room of Matrix. Its servers know a message that comes twice by its id. */
export function createMatrix({ room, token, url }: MatrixSettings): Channel {
  return {
    send: ({ id, text }) =>
      outcomeOf(async () => {
        const base = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/`
        const to = new URL(base + encodeURIComponent(id), url).href
        const body = JSON.stringify({ msgtype: 'm.text', body: text })
        await request(to, 'PUT', body, { Authorization: `Bearer ${token}` })
      }),
  }
}

async function request(
  url: string,
  method: 'POST' | 'PUT',
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const response = await fetch(url, {
    method,
    body,
    headers: { 'Content-Type': 'application/json', 'User-Agent': 'wayward', ...headers },
    // Whoever answers for that address must not lead us to another.
    redirect: 'error',
    signal: AbortSignal.timeout(sendTimeoutMs),
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`The answer is ${response.status}`)
}
