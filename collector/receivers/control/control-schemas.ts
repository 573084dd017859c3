// What the addresses of the back-channel take, as JSON Schema: bodies are checked against it, and
// the OpenAPI document has it.
import { clientKinds, controlSettings } from '../../control/control-setting.ts'
import type { JsonSchema } from '../jobs/json-schema.ts'
import type { Operation } from '../open-api.ts'

const pattern = { type: 'string', minLength: 1, maxLength: 200 } as const
const shortText = { type: 'string', maxLength: 200 } as const
const settingNames = Object.keys(controlSettings)

/** `POST /api/control/poll`. */
export const pollSchema = {
  type: 'object',
  required: ['id', 'kind', 'name'],
  properties: {
    id: { type: 'string', minLength: 8, maxLength: 64, description: 'Its own, made at its start' },
    kind: { type: 'string', enum: clientKinds },
    name: { ...shortText, maxLength: 512, description: 'Under which it reports' },
    version: shortText,
    host: { ...shortText, maxLength: 255 },
    pid: { type: 'integer', minimum: 0 },
    severity: { type: 'integer', minimum: 0, maximum: 7, description: 'Of what says none' },
    disabledTimers: { type: 'array', items: shortText, maxItems: 20 },
    revision: { ...shortText, description: 'Of what it was told last' },
    counts: {
      type: 'object',
      description: 'What it has counted since its start: sent, dropped, …',
      maxProperties: 16,
      additionalProperties: { type: 'number', minimum: 0 },
    },
  },
  // A client of a later version says more.
  additionalProperties: true,
} as const satisfies JsonSchema

/** `PUT /api/control/settings`. */
export const settingSchema = {
  type: 'object',
  required: ['setting', 'value'],
  properties: {
    setting: { type: 'string', enum: settingNames },
    value: {
      type: 'string',
      maxLength: 80,
      description: Object.entries(controlSettings)
        .map(([name, { text, wanted }]) => `${name}: ${wanted}. ${text}.`)
        .join(' '),
    },
    client: { ...pattern, description: 'Which clients, by name; * and ? as in names of files' },
    name: {
      ...pattern,
      description: 'Which counters, gauges and timers, or locks, queues and zones, in the same way',
    },
  },
  additionalProperties: false,
} as const satisfies JsonSchema

const refusals = {
  400: 'A field is wrong: which, the value seen, the value wanted',
  413: 'The body is too large',
  415: 'The body is not application/json',
} as const
const writes = { ...refusals, 401: 'No token was sent, or the service has none' } as const

/** All operations. */
export const controlOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/control-openapi.json',
    summary: 'This document',
    answers: { 200: 'JSON' },
  },
  {
    method: 'get',
    path: '/api/control',
    summary: 'The clients that have asked lately, what is set, and what was lost',
    query: ['client'],
    answers: { 200: 'JSON' },
  },
  {
    method: 'post',
    path: '/api/control/poll',
    summary: 'A client says who it is and what it has counted, and is told what is set of it',
    body: pollSchema,
    answers: {
      200: 'revision, pollAfterMs, and settings where the revision is another',
      ...refusals,
    },
  },
  {
    method: 'put',
    path: '/api/control/settings',
    summary: 'Sets something of all clients whose names fit; the last that was set and fits counts',
    body: settingSchema,
    answers: {
      200: 'Kept on the disk; clients learn of it when they ask next',
      429: 'As many settings are kept as may be',
      503: 'It cannot be kept now',
      ...writes,
    },
  },
  {
    method: 'delete',
    path: '/api/control/settings',
    summary: 'Takes a setting back',
    query: ['setting', 'client', 'name'],
    answers: { 200: 'It holds no more', 404: 'It was not set', ...writes },
  },
]
