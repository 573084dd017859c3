// Who is told of what: the settings of channels, checked before anything starts.
import { checkJson, type FieldProblem, type JsonSchema } from '../receivers/jobs/json-schema.ts'
import type { JobStatus } from '../jobs/job-state.ts'
import type { Channel } from './channel.ts'
import { createCommand } from './channels/command.ts'
import { createEmail } from './channels/email.ts'
import { createMatrix, createSlack, createWebhook } from './channels/http.ts'

/** A channel, and which jobs and states it is for. */
export interface ChannelSettings {
  readonly name: string
  readonly kind: keyof typeof kinds
  readonly url?: string
  readonly secret?: string
  readonly room?: string
  readonly token?: string
  readonly command?: readonly string[]
  readonly smtp?: string
  readonly from?: string
  readonly to?: readonly string[]
  /** Only jobs with one of these tags. @default all */
  readonly tags?: readonly string[]
  /** Only jobs of these services. @default all */
  readonly services?: readonly string[]
  /** Only these states. @default all */
  readonly statuses?: readonly JobStatus[]
}

/** The kinds of channels: what each needs, and its maker. */
const kinds = {
  webhook: { needs: ['url'], make: (s: Known) => createWebhook({ url: s.url, secret: s.secret }) },
  slack: { needs: ['url'], make: (s: Known) => createSlack(s) },
  matrix: { needs: ['url', 'room', 'token'], make: (s: Known) => createMatrix(s) },
  command: { needs: ['command'], make: (s: Known) => createCommand(s) },
  email: { needs: ['smtp', 'from', 'to'], make: (s: Known) => createEmail(s) },
} as const satisfies Readonly<
  Record<string, { readonly needs: readonly (keyof Known)[]; make(settings: Known): Channel }>
>

/** Settings of which what their kind needs is there. */
interface Known {
  readonly url: string
  readonly secret: string | undefined
  readonly room: string
  readonly token: string
  readonly command: readonly string[]
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
}

const text = { type: 'string', minLength: 1, maxLength: 2_000 } as const
const texts = { type: 'array', items: text, maxItems: 100 } as const
const statuses = ['new', 'up', 'running', 'late', 'failing', 'down', 'paused'] as const
const channelsSchema = {
  type: 'object',
  required: ['channels'],
  properties: {
    channels: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        required: ['name', 'kind'],
        properties: {
          name: { type: 'string', pattern: '^[\\w-]{1,50}$', example: 'letters, digits, _ and -' },
          kind: { type: 'string', enum: Object.keys(kinds) },
          url: { type: 'string', pattern: '^https?://', example: 'an http or https address' },
          secret: text,
          room: text,
          token: text,
          command: texts,
          smtp: { type: 'string', pattern: '^smtps?://', example: 'smtp://host:587' },
          from: text,
          to: texts,
          tags: texts,
          services: texts,
          statuses: { type: 'array', items: { type: 'string', enum: statuses }, maxItems: 10 },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
} as const satisfies JsonSchema

/** What is wrong with settings; empty where all is well. */
export function checkChannels(value: unknown): readonly FieldProblem[] {
  const problems = checkJson(channelsSchema, value)
  if (problems.length > 0) return problems
  const { channels } = value as { readonly channels: readonly ChannelSettings[] }
  const names = channels.map(({ name }) => name)
  return channels.flatMap((channel, index): FieldProblem[] => {
    const field = `channels[${index}]`
    const lacking = kinds[channel.kind].needs.filter((need) => channel[need] === undefined)
    if (names.indexOf(channel.name) < index) {
      return [{ field: `${field}.name`, seen: `"${channel.name}" again`, wanted: 'another name' }]
    }
    return lacking.map((need) => ({
      field: `${field}.${need}`,
      seen: 'nothing',
      wanted: `a value, as the kind is ${channel.kind}`,
    }))
  })
}

/** Makes the channel of checked settings. */
export function createChannel(settings: ChannelSettings): Channel {
  // What the kind needs was checked.
  return kinds[settings.kind].make(settings as unknown as Known)
}
