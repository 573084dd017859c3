import { foreverSeconds } from '@wayward/clickhouse'
import { retentionType } from 'wayward/configuration/retention-type'
import { describe, expect, test } from 'vitest'

const day = 86_400
const parse = (text: string) => {
  const { restSeconds, tables, services } = retentionType.parse(text, '')
  return {
    rest: restSeconds,
    tables: Object.fromEntries(tables),
    services: Object.fromEntries(services),
  }
}

describe('retentionType', () => {
  test('takes a duration for all, for tables and for services', () => {
    expect(parse('30d')).toEqual({ rest: 30 * day, tables: {}, services: {} })
    expect(parse('4w, otel_logs=7d, service:shop=90d, service:a=b=1h')).toEqual({
      rest: 28 * day,
      tables: { otel_logs: 7 * day },
      services: { shop: 90 * day, 'a=b': 3600 },
    })
    expect(parse('forever,otel_logs=7d')).toEqual({
      rest: undefined,
      tables: { otel_logs: 7 * day },
      services: {},
    })
    expect(parse('service:audit=forever,7d').services).toEqual({ audit: foreverSeconds })
  })

  test.each([
    ['30', /not a duration/],
    ['10m', /less than 1h/],
    ['30000d', /say forever/],
    ['30d,7d', /two durations/],
    ['otel_log=7d', /did you mean "otel_logs"/],
    ['service:a=1d,service:a=2d', /named twice/],
    ['', /not a duration/],
  ])('refuses %s', (text, why) => {
    expect(() => retentionType.parse(text, '')).toThrow(why)
  })
})
