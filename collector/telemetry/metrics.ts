// The few parts of the Prometheus text format that the collector needs: counters, histograms, and
// values that are read when they are asked for.

export type MetricKind = 'counter' | 'gauge' | 'histogram'

/** What is declared of a metric. Its name ends in its unit, and in `_total` where it only grows. */
export interface MetricDeclaration {
  readonly kind: MetricKind
  readonly name: string
  /** What is counted, as the name has it; `1` where the value is yes or no. */
  readonly unit: string
  /** A sentence. */
  readonly help: string
  /**
   * Names of the labels, in the order in which their values are given. Few values each: never who
   * sent.
   */
  readonly labels: readonly string[]
}

export interface HistogramDeclaration extends MetricDeclaration {
  readonly kind: 'histogram'
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[]
}

export interface Counter {
  add(amount: number, ...labelValues: string[]): void
}

export interface Histogram {
  observe(value: number, ...labelValues: string[]): void
}

/** Reads values that somebody else keeps, each with its label values. */
export type ValueReader = () => Iterable<{
  readonly labelValues: readonly string[]
  readonly value: number
}>

export interface Metrics {
  counter(declaration: MetricDeclaration & { readonly kind: 'counter' }): Counter
  histogram(declaration: HistogramDeclaration): Histogram
  /**
   * Reads the metric's values when it is rendered. Several may bring values of one metric, with
   * labels of their own.
   */
  observe(
    declaration: MetricDeclaration & { readonly kind: 'counter' | 'gauge' },
    read: ValueReader,
  ): void
  /** Everything in the Prometheus text format 0.0.4. */
  render(): string
}

export function createMetrics(): Metrics {
  const renderers: (() => string[])[] = []
  const observed = new Map<string, ValueReader[]>()

  return {
    counter(declaration) {
      const series = new Map<string, CounterSeries>()
      renderers.push(() => [
        ...head(declaration),
        ...[...series.values()].map((one) => formatValue(declaration, one)),
      ])
      return {
        add(amount, ...labelValues) {
          const key = labelValues.join('\n')
          const one = series.get(key)
          if (one === undefined) series.set(key, { labelValues, value: amount })
          else one.value += amount
        },
      }
    },
    histogram(declaration) {
      const series = new Map<string, HistogramSeries>()
      const { bounds } = declaration
      renderers.push(() => [
        ...head(declaration),
        ...[...series.values()].flatMap((one) => formatHistogram(declaration, one)),
      ])
      return {
        observe(value, ...labelValues) {
          const key = labelValues.join('\n')
          const one = series.get(key) ?? createHistogramSeries(labelValues, bounds.length)
          series.set(key, one)
          const bucket = bounds.findIndex((bound) => value <= bound)
          if (bucket >= 0) one.counts[bucket] = (one.counts[bucket] ?? 0) + 1
          one.count++
          one.sum += value
        },
      }
    },
    observe(declaration, read) {
      const readers = observed.get(declaration.name)
      if (readers !== undefined) {
        readers.push(read)
        return
      }
      const first = [read]
      observed.set(declaration.name, first)
      renderers.push(() => [
        ...head(declaration),
        ...first.flatMap((one) => [...one()].map((value) => formatValue(declaration, value))),
      ])
    },
    render: () => `${renderers.flatMap((lines) => lines()).join('\n')}\n`,
  }
}

interface CounterSeries {
  readonly labelValues: readonly string[]
  value: number
}

interface HistogramSeries {
  readonly labelValues: readonly string[]
  /** Observations per bucket, not cumulated. */
  readonly counts: number[]
  count: number
  sum: number
}

function createHistogramSeries(labelValues: readonly string[], buckets: number): HistogramSeries {
  return { labelValues, counts: Array.from({ length: buckets }, () => 0), count: 0, sum: 0 }
}

function formatValue(
  { name, labels }: MetricDeclaration,
  { labelValues, value }: { readonly labelValues: readonly string[]; readonly value: number },
): string {
  return `${name}${formatLabels(labels, labelValues)} ${value}`
}

function formatHistogram(
  { name, labels, bounds }: HistogramDeclaration,
  { labelValues, counts, count, sum }: HistogramSeries,
): string[] {
  let cumulated = 0
  const bucketLabels = [...labels, 'le']
  const buckets = bounds.map((bound, index) => {
    cumulated += counts[index] ?? 0
    const bucket = formatLabels(bucketLabels, [...labelValues, String(bound)])
    return `${name}_bucket${bucket} ${cumulated}`
  })
  const plain = formatLabels(labels, labelValues)
  return [
    ...buckets,
    `${name}_bucket${formatLabels(bucketLabels, [...labelValues, '+Inf'])} ${count}`,
    `${name}_sum${plain} ${sum}`,
    `${name}_count${plain} ${count}`,
  ]
}

function head({ name, help, kind }: MetricDeclaration): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`]
}

function formatLabels(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return ''
  return `{${names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
