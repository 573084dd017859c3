// The few parts of the Prometheus text format that the collector needs: counters, histograms, and gauges
// that are read when they are asked for.

/** What is declared of a metric. Its name ends in its unit, and in `_total` where it only grows. */
export interface MetricDeclaration {
  readonly name: string
  readonly help: string
  /** Names of the labels, in the order in which their values are given. */
  readonly labels: readonly string[]
}

export interface Counter {
  add(amount: number, ...labelValues: string[]): void
}

export interface Histogram {
  observe(value: number, ...labelValues: string[]): void
}

/** Reads the current values of a gauge, each with its label values. */
export type GaugeReader = () => readonly {
  readonly labelValues: string[]
  readonly value: number
}[]

export interface Metrics {
  counter(declaration: MetricDeclaration): Counter
  /** @param bounds upper bounds of the buckets, ascending */
  histogram(declaration: MetricDeclaration, bounds: readonly number[]): Histogram
  gauge(declaration: MetricDeclaration, read: GaugeReader): void
  /** A counter whose value somebody else keeps. */
  observedCounter(declaration: MetricDeclaration, read: GaugeReader): void
  /** Everything in the Prometheus text format 0.0.4. */
  render(): string
}

export function createMetrics(): Metrics {
  const renderers: (() => string[])[] = []

  function counter(declaration: MetricDeclaration): Counter {
    const values = new Map<string, number>()
    renderers.push(() => [
      ...head(declaration, 'counter'),
      ...[...values].map(([labels, value]) => `${declaration.name}${labels} ${value}`),
    ])
    return {
      add(amount, ...labelValues) {
        const labels = formatLabels(declaration.labels, labelValues)
        values.set(labels, (values.get(labels) ?? 0) + amount)
      },
    }
  }

  function histogram(declaration: MetricDeclaration, bounds: readonly number[]): Histogram {
    const series = new Map<string, HistogramSeries>()
    renderers.push(() => [
      ...head(declaration, 'histogram'),
      ...[...series.values()].flatMap((one) => formatHistogram(declaration, bounds, one)),
    ])
    return {
      observe(value, ...labelValues) {
        const key = labelValues.join('\n')
        const one = series.get(key) ?? {
          labelValues,
          counts: bounds.map(() => 0),
          count: 0,
          sum: 0,
        }
        series.set(key, one)
        const bucket = bounds.findIndex((bound) => value <= bound)
        if (bucket >= 0) one.counts[bucket] = (one.counts[bucket] ?? 0) + 1
        one.count++
        one.sum += value
      },
    }
  }

  function observed(kind: string, declaration: MetricDeclaration, read: GaugeReader): void {
    renderers.push(() => [
      ...head(declaration, kind),
      ...read().map(({ labelValues, value }) => {
        return `${declaration.name}${formatLabels(declaration.labels, labelValues)} ${value}`
      }),
    ])
  }

  return {
    counter,
    histogram,
    gauge: (declaration, read) => observed('gauge', declaration, read),
    observedCounter: (declaration, read) => observed('counter', declaration, read),
    render: () => `${renderers.flatMap((lines) => lines()).join('\n')}\n`,
  }
}

interface HistogramSeries {
  readonly labelValues: readonly string[]
  /** Observations per bucket, not cumulated. */
  readonly counts: number[]
  count: number
  sum: number
}

function formatHistogram(
  { name, labels }: MetricDeclaration,
  bounds: readonly number[],
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

function head({ name, help }: MetricDeclaration, kind: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`]
}

function formatLabels(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return ''
  return `{${names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
