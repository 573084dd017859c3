// Goal: what is told of a client is read as it is meant; what is not understood changes nothing.
import { readFileSync } from 'node:fs'
import { readControlRules } from '@wayward/metlog/control/control-rules'
import { packageVersion } from '@wayward/metlog/version'
import { expect, test } from 'vitest'

test('readControlRules() takes the last that fits a name', () => {
  const rules = readControlRules([
    { setting: 'severity', name: '*', value: '3' },
    { setting: 'severity', name: '*', value: '5' },
    { setting: 'sampling', name: '*', value: '0.5' },
    { setting: 'sampling', name: 'hits.*', value: '0' },
    { setting: 'timer', name: '*', value: 'off' },
    { setting: 'timer', name: 'db', value: 'on' },
  ])
  expect(rules?.severityMax).toBe(5)
  expect(['hits', 'hits.de', 'hits.de'].map((name) => rules?.rateOf(name))).toEqual([0.5, 0, 0])
  expect(['db', 'web'].map((name) => rules?.isTimed(name))).toEqual([true, false])
})

test('readControlRules() says nothing of what is not set, however many names come', () => {
  const rules = readControlRules([{ setting: 'sampling', name: 'a', value: '0.1' }])
  expect(rules?.severityMax).toBe(Number.POSITIVE_INFINITY)
  expect(rules?.isTimed('a')).toBeUndefined()
  for (let index = 0; index < 10_000; index++) expect(rules?.rateOf(`b${index}`)).toBeUndefined()
  expect(rules?.rateOf('a')).toBe(0.1)
})

test('readControlRules() passes over what it does not understand', () => {
  const wrong = [
    undefined,
    null,
    7,
    'severity',
    {},
    [],
    [null, 7, 'x', [], {}],
    [{ setting: 'severity', name: '*', value: 4 }],
    [{ setting: 'severity', name: '*', value: '8' }],
    [{ setting: 'severity', name: '*', value: '' }],
    [{ setting: 'sampling', name: '*', value: '' }],
    [{ setting: 'sampling', name: '*', value: 'NaN' }],
    [{ setting: 'sampling', name: '*', value: '2' }],
    [{ setting: 'timer', name: '*', value: 'yes' }],
    [{ setting: 'lock', name: '*', value: 'off' }],
  ]
  for (const told of wrong) expect(readControlRules(told), JSON.stringify(told)).toBeUndefined()
})

test('packageVersion is that of the package', () => {
  const file = new URL('../../../metlog/package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }
  expect(packageVersion).toBe(version)
})
