// Messages to a topic of Kafka, from where HDFS and the like take them. The client is the package
// kafkajs, which is asked for when the first batch comes, and needed by nobody else.
import { createRequire } from 'node:module'
import { type Endpoint, type SendOutcome, sent } from '../endpoint.ts'
import { lineMaker, templateOf } from '../line-format.ts'
import type { Template } from '../item-text.ts'
import type { RoutedItem } from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

/** What is used of the package. */
interface KafkaLibrary {
  readonly Kafka: new (settings: object) => { producer(settings: object): Producer }
  readonly logLevel: { readonly NOTHING: number }
}

interface Producer {
  connect(): Promise<void>
  disconnect(): Promise<void>
  sendBatch(batch: object): Promise<unknown>
}

interface KafkaSettings {
  readonly brokers: string[]
  readonly isTls: boolean
  readonly sasl: object | undefined
  readonly toTopic: Template
  readonly toKey: Template
  readonly toValue: Template
  readonly compression: 0 | 1
}

/** Makes the endpoint: `brokers`, `topic`, `key`, `format`, `tls`, `user`, `password`, `gzip`. */
export function createKafkaEndpoint(settings: SettingReader): Endpoint {
  const username = settings.text('user', '')
  const password = settings.text('password', '')
  const mechanism = settings.choice(
    'mechanism',
    ['plain', 'scram-sha-256', 'scram-sha-512'],
    'plain',
  )
  return new KafkaEndpoint({
    brokers: settings
      .text('brokers')
      .split(',')
      .map((broker) => broker.trim()),
    toTopic: templateOf(settings, 'topic', settings.text('topic')),
    toKey: templateOf(settings, 'key', settings.text('key', '{service}')),
    toValue: lineMaker(settings),
    isTls: settings.flag('tls', false),
    sasl: username === '' ? undefined : { mechanism, username, password },
    compression: settings.flag('gzip', false) ? 1 : 0,
  })
}

class KafkaEndpoint implements Endpoint {
  readonly #settings: KafkaSettings
  #producer: Promise<Producer> | undefined

  constructor(settings: KafkaSettings) {
    this.#settings = settings
  }

  render(items: readonly RoutedItem[]): string {
    const { toKey, toTopic, toValue } = this.#settings
    return items.map((item) => `${toTopic(item)} ${toKey(item)}: ${toValue(item)}`).join('\n')
  }

  async send(items: readonly RoutedItem[]): Promise<SendOutcome> {
    const { compression, toKey, toTopic, toValue } = this.#settings
    const topics = new Map<string, { readonly key: string; readonly value: string }[]>()
    for (const item of items) {
      const topic = toTopic(item)
        .replace(/[^\w.-]/g, '_')
        .slice(0, 249)
      const list = topics.get(topic) ?? []
      topics.set(topic, list)
      list.push({ key: toKey(item), value: toValue(item) })
    }
    try {
      const producer = await (this.#producer ??= this.#connect())
      await producer.sendBatch({
        compression,
        topicMessages: [...topics].map(([topic, messages]) => ({ topic, messages })),
      })
      return sent
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    // One that could not be made need not be closed.
    await producer?.then((made) => made.disconnect()).catch(() => undefined)
  }

  async #connect(): Promise<Producer> {
    const { brokers, isTls, sasl } = this.#settings
    const library = load()
    const kafka = new library.Kafka({
      clientId: 'wayward',
      brokers,
      ssl: isTls,
      ...(sasl === undefined ? {} : { sasl }),
      logLevel: library.logLevel.NOTHING,
      // The queue tries again.
      retry: { retries: 0 },
    })
    const producer = kafka.producer({ allowAutoTopicCreation: true })
    await producer.connect()
    return producer
  }
}

function load(): KafkaLibrary {
  try {
    return createRequire(import.meta.url)('kafkajs') as KafkaLibrary
  } catch (cause) {
    throw new Error('The package "kafkajs" is not there, wanted version 2: npm install kafkajs', {
      cause,
    })
  }
}
