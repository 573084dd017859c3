// Goal: the original's variables and templates, of both generations, say where files lie.
import {
  currentNameValues,
  defaultGlobs,
  fileNameTemplate,
  fillTemplate,
  statsFolder,
} from '@wayward/mmstats/file/file-name'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { expect, test } from 'vitest'

const values = { command: 'shop.js', pid: 42, tid: 43, model: 'WebStats' }

test.each([
  ['{CMD}-{PID}-{TID}.mmstats', 'shop.js-42-43.mmstats'],
  ['mmstats-%PID%-%TID%', 'mmstats-42-43'],
  ['{CLASS}/{PID}', 'WebStats/42'],
  ['{PID}{PID}%PID%', '424242'],
  ['plain', 'plain'],
  ['{a b}', '{a b}'],
])('%s is %s', (template, name) => {
  expect(fillTemplate(template, values)).toBe(name)
})

test('a name in braces that nobody knows is refused', () => {
  for (const template of ['{}', '{pid}', '{HOST}-{PID}']) {
    expect(() => fillTemplate(template, values)).toThrow(/wanted \{CMD\}, \{PID\}, \{TID\} or/)
  }
})

test('variables go before the defaults, and empty ones do not count', () => {
  expect(statsFolder({ MMSTATS_PATH: '/var/stats' })).toBe('/var/stats')
  expect(statsFolder({ MMSTATS_PATH: '' })).toBe(tmpdir())
  expect(fileNameTemplate({ MMSTATS_FILES: 'x-{PID}' })).toBe('x-{PID}')
  expect(fileNameTemplate({})).toBe('{CMD}-{PID}-{TID}.mmstats')
  expect(defaultGlobs({ MMSTATS_GLOB: '/a/*', MMSTATS_PATH: '/b' })).toEqual(['/a/*'])
  expect(defaultGlobs({ MMSTATS_PATH: '/b' })).toEqual(['/b/*.mmstats', '/b/mmstats-*'])
})

test('this thread has a command, a process and a thread', () => {
  const { command, pid, tid, model } = currentNameValues('m')
  expect([command, pid, model]).toEqual([basename(process.argv[1] ?? 'node'), process.pid, 'm'])
  expect(tid).toBeGreaterThan(0)
})
