// Mail over SMTP, by nodemailer.
import { createTransport } from 'nodemailer'
import { type Channel, outcomeOf, sendTimeoutMs } from '../channel.ts'

export interface EmailSettings {
  /** `smtp://user:password@host:587`, or `smtps://…:465`. */
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
}

/** Sends mail. Its Message-ID is the same however often it is sent. */
export function createEmail({ from, smtp, to }: EmailSettings): Channel {
  const transport = createTransport({
    url: smtp,
    connectionTimeout: sendTimeoutMs,
    greetingTimeout: sendTimeoutMs,
    socketTimeout: sendTimeoutMs,
    // A message holds text of ours alone; nothing is read for it.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    send: ({ id, text, title }) =>
      outcomeOf(async () => {
        const messageId = `<${Buffer.from(id).toString('hex')}@wayward>`
        await transport.sendMail({ from, to: [...to], subject: title, text, messageId })
      }),
  }
}
