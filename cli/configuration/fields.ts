// Every setting of the command, once. docs/configuration.md is generated from here (`npm run
// generate`).
import { decodeLimits } from '@wayward/collector/decode/limits'
import { collectorLimits } from '@wayward/collector/limits'
import type { Field } from './field.ts'
import {
  bytesType,
  choiceType,
  durationType,
  integerType,
  listType,
  loopbackAddressType,
  pathType,
  textsType,
  textType,
  timeType,
  urlType,
} from './field-types.ts'
import { toLimitFields } from './limit-fields.ts'
import { listenerFields } from './listener-fields.ts'
import { messageFields } from './message-fields.ts'
import { retentionType } from './retention-type.ts'

/** Least memory with which the engine starts and merges. */
const engineMemoryBytesMin = 256 * 2 ** 20

/** Room for a few segments, and for the largest request. */
const journalBytesMin = 128 * 2 ** 20

/** Where the data are; all commands have these. */
export const storeFields = {
  dataDir: {
    flag: 'data-dir',
    type: pathType,
    default: '.wayward',
    text: 'Folder of the data, of the embedded engine and of endpoints.json',
  },
  clickhouseUrl: {
    flag: 'clickhouse-url',
    readingFlag: 'url',
    type: urlType,
    text: 'ClickHouse server to use instead of the embedded engine, by its HTTP address',
  },
  clickhouseUser: {
    flag: 'clickhouse-user',
    type: { ...textType, placeholder: 'name' },
    default: 'default',
    text: 'User at the ClickHouse server',
  },
  clickhousePassword: {
    flag: 'clickhouse-password',
    type: { ...textType, placeholder: 'password' },
    text: 'Password of that user (better given in the environment: other users can see flags)',
  },
  clickhouseDatabase: {
    flag: 'clickhouse-database',
    type: { ...textType, placeholder: 'name' },
    default: 'wayward',
    text: 'Database at the ClickHouse server',
  },
  clickhouseCluster: {
    flag: 'clickhouse-cluster',
    type: { ...textType, placeholder: 'name' },
    text: 'Cluster (as in system.clusters of the server) to spread the tables over; without it they are on the one server',
  },
  clickhouseCa: {
    flag: 'clickhouse-ca',
    type: pathType,
    text: 'PEM file with the authorities that may have signed the certificate of the ClickHouse server, for an https address',
  },
  clickhouseCert: {
    flag: 'clickhouse-cert',
    type: pathType,
    text: 'PEM file with the certificate to show the ClickHouse server; without a password it stands for one',
  },
  clickhouseKey: {
    flag: 'clickhouse-key',
    type: pathType,
    text: 'PEM file with the private key of that certificate',
  },
} satisfies Record<string, Field<unknown>>

/** What `serve` alone has. */
export const serveFields = {
  createSchema: {
    flag: 'create-schema',
    type: choiceType(['yes', 'no']),
    default: 'yes',
    text: 'Whether to make and update the tables at start; with no they are only checked (see "wayward migrate")',
  },
  ...listenerFields,
  clickhouse: {
    flag: 'clickhouse',
    type: loopbackAddressType,
    default: '127.0.0.1:8123',
    text: 'Where the embedded engine answers SQL (the ClickHouse HTTP interface)',
  },
  mmstats: {
    flag: 'mmstats',
    type: { ...listType, placeholder: 'globs' },
    text: 'Stats files (names and patterns, divided by commas) to read at an interval, as metrics: /tmp/*.mmstats',
  },
  mmstatsInterval: {
    flag: 'mmstats-interval',
    type: durationType,
    default: '10s',
    text: 'How often the stats files are read',
  },
  ...messageFields,
  router: {
    flag: 'router',
    type: pathType,
    text: 'YAML file of rules and endpoints: what goes where, besides ClickHouse or in its place; without it everything goes to ClickHouse alone. Read again at SIGHUP',
  },
  notify: {
    flag: 'notify',
    type: pathType,
    text: 'YAML file of the channels (webhook, slack, matrix, command, email) that are told when jobs are late, fail or recover',
  },
  findingsEvery: {
    flag: 'findings-every',
    type: durationType,
    text: 'How often all questions of "wayward report" are asked by the service itself, which tells what is found and what is found no more as log records (docs/report.md); without it, never',
  },
  findingsWindow: {
    flag: 'findings-window',
    type: durationType,
    default: '15m',
    text: 'How far back these questions look',
  },
  findingsSeverity: {
    flag: 'findings-severity',
    type: integerType('number', 1, 100),
    default: '40',
    text: 'The lowest severity of what is told of findings',
  },
  durability: {
    flag: 'durability',
    type: choiceType(['fsync', 'os', 'memory']),
    default: 'fsync',
    text: 'When a request is acknowledged: fsync, when it is synced to the disk; os, when it is written; memory, when it is decoded',
  },
  journalSize: {
    flag: 'journal-size',
    type: bytesType(journalBytesMin, '128MiB'),
    default: '4GiB',
    text: 'Most that the journal may take of what ClickHouse does not have yet; beyond it requests are refused. With durability memory it is never more than 256MiB',
  },
  retention: {
    flag: 'retention',
    type: retentionType,
    text: 'How long data are kept, also for single tables and services: 30d,otel_logs=7d,service:shop=90d; without it, for ever',
  },
  diskFloor: {
    flag: 'disk-floor',
    type: bytesType(0, '0'),
    text: 'Free disk below which the oldest days are dropped, 0 for never; without it 1GiB with the embedded engine, never on a server',
  },
  engineMemory: {
    flag: 'engine-memory',
    type: bytesType(engineMemoryBytesMin, '256MiB'),
    default: '2GiB',
    text: 'Most memory that the embedded engine may take',
  },
} satisfies Record<string, Field<unknown>>

/** Who may send, and how it is kept from others. */
export const protectionFields = {
  tlsCert: {
    flag: 'tls-cert',
    type: pathType,
    text: 'PEM file of the certificate with which OTLP and the API speak TLS, with those between it and its authority',
  },
  tlsKey: {
    flag: 'tls-key',
    type: pathType,
    text: 'PEM file of the private key of that certificate',
  },
  tlsClientCa: {
    flag: 'tls-client-ca',
    type: pathType,
    text: 'PEM file of authorities; clients must show a certificate of one of them',
  },
  tokenFile: {
    flag: 'token-file',
    type: pathType,
    text: 'File of bearer tokens, a line "name: token" for each; requests must carry one of them',
  },
  corsOrigin: {
    flag: 'cors-origin',
    type: { ...listType, placeholder: 'origins', wanted: 'origins divided by commas' },
    text: 'Origins of web pages that may send over OTLP/HTTP, such as https://app.example.com,https://*.example.com',
  },
} satisfies Record<string, Field<unknown>>

/** The limits that users may set. */
export const limitFields = {
  ...toLimitFields(collectorLimits),
  ...toLimitFields(decodeLimits),
}

/** All that `serve` has. */
export const serviceFields = { ...storeFields, ...serveFields, ...protectionFields, ...limitFields }

/** Which data a question is about; flags only, because they belong to one question. */
export const selectionFields = {
  since: {
    flag: 'since',
    type: durationType,
    isFlagOnly: true,
    text: 'Only what was going on within this time before now (or before --to)',
  },
  from: {
    flag: 'from',
    type: timeType,
    isFlagOnly: true,
    text: 'Only what was going on at or after this time (RFC 3339, or now)',
  },
  to: {
    flag: 'to',
    type: timeType,
    isFlagOnly: true,
    text: 'Only what was going on before this time (RFC 3339, or now)',
  },
  service: {
    flag: 'service',
    type: { ...textType, placeholder: 'name' },
    isFlagOnly: true,
    text: 'Only this service (service.name)',
  },
  session: {
    flag: 'session',
    type: { ...textsType, placeholder: 'id' },
    isFlagOnly: true,
    text: 'Only this session, by its id or the beginning of it (see "wayward sessions"); may be given several times',
  },
} satisfies Record<string, Field<unknown>>

/** How an answer is written. */
export const outputFields = {
  format: {
    flag: 'format',
    type: choiceType(['table', 'json', 'csv']),
    default: 'table',
    isFlagOnly: true,
    text: 'table for people, json for the whole answer, csv for its rows',
  },
} satisfies Record<string, Field<unknown>>

/** How an answer that is no list of rows is written. */
export const tableOrJsonField = {
  flag: 'format',
  type: choiceType(['table', 'json']),
  default: 'table',
  isFlagOnly: true,
  text: 'table for people, json for the whole answer',
} satisfies Field<unknown>

/** How findings are written, and what they make of the exit code. */
export const findingFields = {
  format: {
    flag: 'format',
    type: choiceType(['table', 'json', 'csv', 'markdown', 'sarif', 'junit']),
    default: 'table',
    isFlagOnly: true,
    text: 'table for people, json for the whole answer, csv for its rows; markdown, sarif (2.1.0) and junit for CI',
  },
  failOn: {
    flag: 'fail-on',
    type: integerType('severity', 0, 100),
    isFlagOnly: true,
    text: 'Exit with 1 if a finding has at least this severity (0 to 100)',
  },
  na: {
    flag: 'na',
    type: choiceType(['pass', 'fail']),
    isFlagOnly: true,
    text: 'Whether "cannot be answered" (NA) is a finding for --fail-on; without it fail where the environment variable CI is set, else pass',
  },
} satisfies Record<string, Field<unknown>>

/** How a command finds the API of a service. */
export const apiFields = {
  dataDir: storeFields.dataDir,
  apiUrl: {
    flag: 'api-url',
    type: { ...urlType, wanted: 'the address of an API, such as http://127.0.0.1:4320' },
    text: "Address of a service's API, in place of the service of the data folder",
  },
  apiToken: {
    flag: 'api-token',
    type: { ...textType, placeholder: 'token' },
    text: 'Bearer token for that address (better given in the environment: other users can see flags)',
  },
} satisfies Record<string, Field<unknown>>

/** What `tail` has: where the service is, what is shown, and how. */
export const tailFields = {
  ...apiFields,
  service: { ...selectionFields.service },
  session: {
    ...selectionFields.session,
    text: 'Only this session, by its whole id (see "wayward sessions"); may be given several times',
  },
  kind: {
    flag: 'kind',
    type: { ...textType, placeholder: 'kind' },
    isFlagOnly: true,
    text: 'Only this kind: span, log, metric, or lock_hold, lock_wait, queue_item, job_run, zone, … (wayward.kind)',
  },
  where: {
    flag: 'where',
    type: { ...textType, placeholder: 'expression' },
    isFlagOnly: true,
    text: 'Only what this expression is true of: durationMs > 100 && attributes["cart.items"] != ""',
  },
  format: {
    flag: 'format',
    type: choiceType(['text', 'json']),
    default: 'text',
    isFlagOnly: true,
    text: 'text for people, json for a line of JSON for each',
  },
} satisfies Record<string, Field<unknown>>

/** What `demo` has: where it keeps its data, unless a service runs there. */
export const demoFields = {
  dataDir: {
    flag: 'data-dir',
    type: pathType,
    text: 'Folder to keep the data in, or of the running service to use',
  },
} satisfies Record<string, Field<unknown>>

/** The YAML file that the other settings may come from. */
export const configField: Field<string> = {
  flag: 'config',
  type: pathType,
  text: 'YAML file with settings, named as the flags are',
}
