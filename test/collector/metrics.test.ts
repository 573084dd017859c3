import { createMetrics } from '@wayward/collector/metrics'
import { createTelemetry } from '@wayward/collector/telemetry'
import { expect, test } from 'vitest'

test('render() writes the Prometheus text format', () => {
  const metrics = createMetrics()
  const requests = metrics.counter({ name: 'r_total', help: 'Requests.', labels: ['a', 'b'] })
  requests.add(1, 'x', 'y "\\\n')
  requests.add(2, 'x', 'y "\\\n')
  metrics.gauge({ name: 'g_bytes', help: 'Bytes.', labels: [] }, () => [
    { labelValues: [], value: 7 },
  ])
  const seconds = metrics.histogram({ name: 's_seconds', help: 'Time.', labels: ['t'] }, [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 3]) seconds.observe(value, 'u')
  expect(metrics.render()).toBe(
    [
      '# HELP r_total Requests.',
      '# TYPE r_total counter',
      'r_total{a="x",b="y \\"\\\\\\n"} 3',
      '# HELP g_bytes Bytes.',
      '# TYPE g_bytes gauge',
      'g_bytes 7',
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

test('every metric has a name of its own, a help text, and a unit or `_total` at the end', () => {
  const text = createTelemetry().metrics.render()
  const names = [...text.matchAll(/^# HELP (\S+) .*\.$/gm)].map((match) => match[1] ?? '')
  expect(names.length).toBeGreaterThan(8)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/_(total|bytes|seconds)$/)
})
