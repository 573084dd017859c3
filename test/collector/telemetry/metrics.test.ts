import { createMetrics } from '@wayward/collector/telemetry/metrics'
import { expect, test } from 'vitest'

test('render() writes the Prometheus text format', () => {
  const metrics = createMetrics()
  const requests = metrics.counter({
    kind: 'counter',
    name: 'r_total',
    unit: 'r',
    help: 'Requests.',
    labels: ['a', 'b'],
  })
  requests.add(1, 'x', 'y "\\\n')
  requests.add(2, 'x', 'y "\\\n')
  const gauge = {
    kind: 'gauge',
    name: 'g_bytes',
    unit: 'bytes',
    help: 'Bytes.',
    labels: ['l'],
  } as const
  metrics.observe(gauge, () => [{ labelValues: ['one'], value: 7 }])
  const seconds = metrics.histogram({
    kind: 'histogram',
    name: 's_seconds',
    unit: 'seconds',
    help: 'Time.',
    labels: ['t'],
    bounds: [0.1, 1],
  })
  metrics.observe(gauge, () => [{ labelValues: ['two'], value: 8 }])
  for (const value of [0.05, 0.1, 0.5, 3]) seconds.observe(value, 'u')
  expect(metrics.render()).toBe(
    [
      '# HELP r_total Requests.',
      '# TYPE r_total counter',
      'r_total{a="x",b="y \\"\\\\\\n"} 3',
      '# HELP g_bytes Bytes.',
      '# TYPE g_bytes gauge',
      'g_bytes{l="one"} 7',
      'g_bytes{l="two"} 8',
      '# HELP s_seconds Time.',
      '# TYPE s_seconds histogram',
      's_seconds_bucket{t="u",le="0.1"} 2',
      's_seconds_bucket{t="u",le="1"} 3',
      's_seconds_bucket{t="u",le="+Inf"} 4',
      's_seconds_sum{t="u"} 3.65',
      's_seconds_count{t="u"} 4',
      '',
    ].join('\n'),
  )
})
