import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Endpoints,
  endpointsPath,
  isAlive,
  readEndpoints,
  removeEndpoints,
  writeEndpoints,
} from 'wayward/endpoints'

const endpoints: Endpoints = {
  version: 1,
  pid: 4711,
  startedAt: '2026-11-21T06:00:00.000Z',
  otlpGrpc: '127.0.0.1:4317',
  otlpHttp: 'http://127.0.0.1:4318',
  api: 'http://127.0.0.1:4320',
  clickhouse: { url: 'http://127.0.0.1:8123', user: 'default', database: 'wayward' },
}

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wayward-endpoints-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('endpoints.json', () => {
  test('is read as it was written, and leaves nothing else behind', () => {
    writeEndpoints(folder, endpoints)
    writeEndpoints(folder, { ...endpoints, pid: 4712 })
    expect(readEndpoints(folder)).toEqual({ ...endpoints, pid: 4712 })
    expect(readdirSync(folder)).toEqual(['endpoints.json'])
  })

  test('is removed by the service that wrote it, and by no other', () => {
    writeEndpoints(folder, endpoints)
    removeEndpoints(folder, 1)
    expect(readEndpoints(folder)).toBeDefined()
    removeEndpoints(folder, endpoints.pid)
    expect(readdirSync(folder)).toEqual([])
    removeEndpoints(folder, endpoints.pid)
  })

  test.each([
    ['', 'nothing'],
    ['{"version":1', 'half a file'],
    ['null', 'no object'],
    [JSON.stringify({ ...endpoints, version: 2 }), 'a later version'],
    [JSON.stringify({ ...endpoints, pid: -1 }), 'a process group'],
    [JSON.stringify({ ...endpoints, pid: '4711' }), 'a text for a number'],
    [JSON.stringify({ ...endpoints, clickhouse: { ...endpoints.clickhouse, url: 'x' } }), 'no URL'],
    [JSON.stringify({ ...endpoints, clickhouse: null }), 'no store'],
  ])('%j is as no file: %s', (text) => {
    writeFileSync(endpointsPath(folder), text)
    expect(readEndpoints(folder)).toBeUndefined()
  })

  test('isAlive() knows this process from one that cannot be', () => {
    expect(isAlive(process.pid)).toBe(true)
    expect(isAlive(2 ** 30)).toBe(false)
  })
})
