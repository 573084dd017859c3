// The types of endpoints, each with its maker, and the settings of queues that all have.
import { join } from 'node:path'
import type { Endpoint } from './endpoint.ts'
import { defaultQueue, type QueueSettings } from './endpoint-queue.ts'
import { createCefEndpoint } from './endpoints/cef.ts'
import { createClickHouseTableEndpoint } from './endpoints/clickhouse-table.ts'
import { createFileEndpoint } from './endpoints/file.ts'
import { createHttpEndpoint } from './endpoints/http.ts'
import { createKafkaEndpoint } from './endpoints/kafka.ts'
import { createGraphiteEndpoint, createOpenTsdbEndpoint } from './endpoints/number-lines.ts'
import { createOtlpEndpoint } from './endpoints/otlp.ts'
import { createSentryEndpoint } from './endpoints/sentry.ts'
import { createStatsdEndpoint } from './endpoints/statsd.ts'
import { createStdoutEndpoint } from './endpoints/stdout.ts'
import { createSyslogEndpoint } from './endpoints/syslog.ts'
import { type EndpointSettings, RouterError, SettingReader } from './router-settings.ts'
import { storeName } from './rule.ts'

const makers = {
  cef: createCefEndpoint,
  'clickhouse-table': createClickHouseTableEndpoint,
  file: createFileEndpoint,
  graphite: createGraphiteEndpoint,
  http: createHttpEndpoint,
  kafka: createKafkaEndpoint,
  opentsdb: createOpenTsdbEndpoint,
  otlp: createOtlpEndpoint,
  sentry: createSentryEndpoint,
  statsd: createStatsdEndpoint,
  stdout: createStdoutEndpoint,
  syslog: createSyslogEndpoint,
} as const satisfies Readonly<Record<string, (settings: SettingReader) => Endpoint>>

/** An endpoint that was made of its settings; it has touched nothing yet. */
export interface MadeEndpoint {
  readonly endpoint: Endpoint
  readonly queue: QueueSettings
  /** Where its queue outlives the process; undefined where it is in memory alone. */
  readonly spool: { readonly folder: string; readonly bytesMax: number } | undefined
}

const namePattern = /^[\w.-]{1,64}$/

/**
 * Makes an endpoint.
 *
 * @param folder of the queues on the disk
 * @throws RouterError where its settings are wrong
 */
export function makeEndpoint(
  name: string,
  settings: EndpointSettings,
  folder: string,
): MadeEndpoint {
  const path = ['endpoints', name]
  if (name === storeName || !namePattern.test(name) || name.startsWith('.')) {
    const wanted = `letters, digits, _, - and ., and not ${storeName}`
    throw new RouterError(`An endpoint cannot be called "${name}"; wanted ${wanted}`, path)
  }
  const reader = new SettingReader(path, settings)
  const types = Object.keys(makers) as readonly (keyof typeof makers)[]
  const type = reader.choice('type', types)
  const endpoint = makers[type](reader)
  const section = reader.section('queue')
  reader.end()
  return { endpoint, ...readQueue(section, join(folder, name)) }
}

const mebibyte = 1024 * 1024

function readQueue(section: SettingReader, folder: string): Omit<MadeEndpoint, 'endpoint'> {
  const isOnDisk = section.flag('disk', false)
  const diskBytesMax = section.number('diskBytes', 1024 * mebibyte, mebibyte)
  const { batchItemsMax, batchWaitMs, concurrency, queueItemsMax, timeoutMs } = defaultQueue
  const queue: QueueSettings = {
    queueItemsMax: section.number('items', queueItemsMax, 1, 10_000_000),
    queueBytesMax: section.number('bytes', defaultQueue.queueBytesMax, 1024),
    batchItemsMax: section.number('batchItems', batchItemsMax, 1, 100_000),
    batchWaitMs: section.number('batchWaitMs', batchWaitMs, 0, 60_000),
    timeoutMs: section.number('timeoutMs', timeoutMs, 10, 600_000),
    // On the disk there is room to wait for an endpoint that is away for a day.
    triesMax: section.number('tries', isOnDisk ? 3_000 : defaultQueue.triesMax, 1, 1_000_000),
    concurrency: section.number('concurrency', concurrency, 1, 64),
  }
  section.end()
  return { queue, spool: isOnDisk ? { folder, bytesMax: diskBytesMax } : undefined }
}
