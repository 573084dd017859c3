// Goal: each filter drops what it says and nothing else. Method: real messages through a client.
import {
  createCaptureSender,
  createMetlogClient,
  severityMaxFilter,
  typeBlacklistFilter,
  typeSeverityMaxFilter,
  typeWhitelistFilter,
} from '@wayward/metlog'
import { expect, test } from 'vitest'

test.each([
  ['severityMaxFilter', severityMaxFilter(4), ['a4', 'b4']],
  ['typeBlacklistFilter', typeBlacklistFilter(['a']), ['b4', 'b7']],
  ['typeWhitelistFilter', typeWhitelistFilter(['a']), ['a4', 'a7']],
  ['typeSeverityMaxFilter', typeSeverityMaxFilter({ a: { severity: 5 } }), ['a4', 'b4', 'b7']],
])('%s', (_, filter, wanted) => {
  const sender = createCaptureSender()
  const client = createMetlogClient({ sender, filters: [filter] })
  for (const type of ['a', 'b']) {
    for (const severity of [4, 7]) client.metlog(type, { severity, payload: `${type}${severity}` })
  }
  expect(sender.messages.map((one) => one.payload)).toEqual(wanted)
  expect(client.counts().filtered).toBe(4 - wanted.length)
})
