// OpenTelemetry's instruments whose values go into a stats file, each at once: a store into memory.
// Where another meter provider is given, it gets all of them as well.
import type {
  Attributes,
  BatchObservableCallback,
  Context,
  Meter,
  MeterOptions,
  MeterProvider,
  MetricOptions,
  Observable,
  ObservableCallback,
  UpDownCounter,
  Gauge,
} from '@opentelemetry/api'
import type { SeriesKind, StatsSeries } from './stats-series.ts'

/** Meters that write into a stats file. */
export interface StatsMeters extends MeterProvider {
  /** Asks the callbacks of observable instruments for their values. */
  observe(): void
}

/** Where the values of instruments go. */
export interface StatsMetersParts {
  readonly series: StatsSeries
  /** Gets all values as well. */
  readonly next: MeterProvider | undefined
  /** An error of an application's callback, or of ours: it is kept from the application. */
  readonly onError: (error: unknown) => void
}

type Remove = () => void

/** What is asked for values at each turn, by the callback that asked for it. */
type Callbacks = Set<() => void | Promise<void>>

/** Makes a meter provider. */
export function createStatsMeters(parts: StatsMetersParts): StatsMeters {
  const callbacks: Callbacks = new Set()
  return {
    getMeter: (name: string, version?: string, options?: MeterOptions) =>
      new StatsMeter(parts, callbacks, parts.next?.getMeter(name, version, options)),
    observe: () => {
      for (const callback of callbacks) void settle(callback, parts)
    },
  }
}

async function settle(
  callback: () => void | Promise<void>,
  { onError }: StatsMetersParts,
): Promise<void> {
  try {
    await callback()
  } catch (error) {
    onError(error)
  }
}

class StatsMeter implements Meter {
  readonly #parts: StatsMetersParts
  readonly #callbacks: Callbacks
  readonly #next: Meter | undefined
  readonly #batches = new Map<BatchObservableCallback, Remove>()

  constructor(parts: StatsMetersParts, callbacks: Callbacks, next: Meter | undefined) {
    this.#parts = parts
    this.#callbacks = callbacks
    this.#next = next
  }

  createCounter(name: string, options?: MetricOptions): UpDownCounter {
    return this.#adder('counter', name, this.#next?.createCounter(name, options))
  }

  createUpDownCounter(name: string, options?: MetricOptions): UpDownCounter {
    return this.#adder('sum', name, this.#next?.createUpDownCounter(name, options))
  }

  createGauge(name: string, options?: MetricOptions): Gauge {
    return this.#recorder('gauge', name, this.#next?.createGauge(name, options))
  }

  createHistogram(name: string, options?: MetricOptions): Gauge {
    return this.#recorder('histogram', name, this.#next?.createHistogram(name, options))
  }

  createObservableGauge(name: string, options?: MetricOptions): Observable {
    return this.#observable('gauge', name, this.#next?.createObservableGauge(name, options))
  }

  createObservableCounter(name: string, options?: MetricOptions): Observable {
    return this.#observable('total', name, this.#next?.createObservableCounter(name, options))
  }

  createObservableUpDownCounter(name: string, options?: MetricOptions): Observable {
    return this.#observable('gauge', name, this.#next?.createObservableUpDownCounter(name, options))
  }

  addBatchObservableCallback(callback: BatchObservableCallback, observables: Observable[]): void {
    const observe = (observable: Observable, value: number, attributes?: Attributes): void => {
      if (observable instanceof StatsObservable) observable.take(value, attributes)
    }
    const ask = (): void | Promise<void> => callback({ observe })
    this.#callbacks.add(ask)
    const inner = observables.map(nextOf).filter((one) => one !== undefined)
    const pass: BatchObservableCallback = (result) =>
      callback({
        observe: (observable, value, attributes) => {
          const own = nextOf(observable)
          if (own !== undefined) result.observe(own, value, attributes)
        },
      })
    this.#next?.addBatchObservableCallback(pass, inner)
    this.#batches.set(callback, () => {
      this.#callbacks.delete(ask)
      this.#next?.removeBatchObservableCallback(pass, inner)
    })
  }

  removeBatchObservableCallback(callback: BatchObservableCallback): void {
    this.#batches.get(callback)?.()
    this.#batches.delete(callback)
  }

  #adder(kind: SeriesKind, name: string, next: UpDownCounter | undefined): UpDownCounter {
    const take = this.#taker(kind, name)
    return {
      add: (value, attributes, context?: Context) => {
        take(value, attributes)
        next?.add(value, attributes, context)
      },
    }
  }

  #recorder(kind: SeriesKind, name: string, next: Gauge | undefined): Gauge {
    const take = this.#taker(kind, name)
    return {
      record: (value, attributes, context?: Context) => {
        take(value, attributes)
        next?.record(value, attributes, context)
      },
    }
  }

  #observable(kind: SeriesKind, name: string, next: Observable | undefined): Observable {
    return new StatsObservable(this.#taker(kind, name), this.#callbacks, next)
  }

  #taker(kind: SeriesKind, name: string): Take {
    const { series, onError } = this.#parts
    return (value, attributes) => {
      try {
        series.find(kind, name, attributes)(value)
      } catch (error) {
        onError(error)
      }
    }
  }
}

type Take = (value: number, attributes?: Attributes) => void

class StatsObservable implements Observable {
  readonly take: Take
  readonly next: Observable | undefined
  readonly #callbacks: Callbacks
  readonly #asks = new Map<ObservableCallback, () => void | Promise<void>>()

  constructor(take: Take, callbacks: Callbacks, next: Observable | undefined) {
    this.take = take
    this.next = next
    this.#callbacks = callbacks
  }

  addCallback(callback: ObservableCallback): void {
    const ask = (): void | Promise<void> => callback({ observe: this.take })
    this.#asks.set(callback, ask)
    this.#callbacks.add(ask)
    this.next?.addCallback(callback)
  }

  removeCallback(callback: ObservableCallback): void {
    const ask = this.#asks.get(callback)
    if (ask !== undefined) this.#callbacks.delete(ask)
    this.#asks.delete(callback)
    this.next?.removeCallback(callback)
  }
}

function nextOf(observable: Observable): Observable | undefined {
  return observable instanceof StatsObservable ? observable.next : undefined
}
