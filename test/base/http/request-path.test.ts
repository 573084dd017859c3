import { pathOf } from '@wayward/base'
import { expect, test } from 'vitest'

test.each([
  ['/v1/traces', '/v1/traces'],
  ['/v1/traces?x=1', '/v1/traces'],
  ['http://host:4318/v1/traces', '/v1/traces'],
  ['HTTPS://host/v1/logs?x', '/v1/logs'],
  ['http://host', '/'],
  ['http://host?x', '/'],
  ['*', '*'],
  ['', ''],
])('the path of the target %s is %s', (url, path) => expect(pathOf({ url })).toBe(path))
