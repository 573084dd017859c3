import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configField, serviceFields } from 'wayward/configuration/fields'
import { type ConfigurationSources, resolveFields } from 'wayward/configuration/resolve'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wayward-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const fields = serviceFields

interface Given {
  readonly flags?: Record<string, string>
  readonly env?: Record<string, string>
  readonly yaml?: string
}

function resolve({ flags = {}, env = {}, yaml }: Given) {
  const all = new Map(Object.entries(flags))
  if (yaml !== undefined) {
    writeFileSync(join(folder, 'w.yaml'), yaml)
    all.set('config', 'w.yaml')
  }
  const sources: ConfigurationSources = {
    flags: all,
    env,
    cwd: folder,
    fileFields: [...Object.values(fields), configField],
  }
  return resolveFields(fields, sources)
}

describe('resolveFields()', () => {
  test('gives the defaults where nothing is said', () => {
    const values = resolve({})
    expect(values.dataDir).toBe(join(folder, '.wayward'))
    expect(values.otlpGrpc).toEqual({ host: '127.0.0.1', port: 4317 })
    expect(values.engineMemory).toBe(2 * 2 ** 30)
    expect(values.clickhouseUrl).toBeUndefined()
  })

  test('prefers flag over environment over file over default', () => {
    const yaml = 'api: 127.0.0.1:3\notlp-grpc: 127.0.0.1:3\notlp-http: 127.0.0.1:3\n'
    const env = { WAYWARD_OTLP_GRPC: '127.0.0.1:2', WAYWARD_OTLP_HTTP: '127.0.0.1:2' }
    const values = resolve({ flags: { 'otlp-grpc': '127.0.0.1:1' }, env, yaml })
    expect(values.otlpGrpc.port).toBe(1)
    expect(values.otlpHttp.port).toBe(2)
    expect(values.api.port).toBe(3)
    expect(values.clickhouse.port).toBe(8123)
  })

  test('takes an empty variable and an empty value in the file as not set', () => {
    const values = resolve({ env: { WAYWARD_API: '' }, yaml: 'api:\n' })
    expect(values.api.port).toBe(4320)
  })

  test('takes a list as items in the file, and with commas elsewhere', () => {
    const origins = ['https://a.com', 'https://*.b.com']
    for (const given of [
      { yaml: 'cors-origin:\n  - https://a.com\n  - "https://*.b.com"\n' },
      { yaml: 'cors-origin: https://a.com, https://*.b.com' },
      { flags: { 'cors-origin': 'https://a.com,https://*.b.com' } },
      { env: { WAYWARD_CORS_ORIGIN: 'https://a.com,https://*.b.com' } },
    ]) {
      expect(resolve(given).corsOrigin).toEqual(origins)
    }
    expect(resolve({}).corsOrigin).toBeUndefined()
  })

  test('finds the file through WAYWARD_CONFIG and starts relative paths from its folder', () => {
    writeFileSync(join(folder, 'e.yaml'), 'data-dir: data\n')
    const values = resolve({ env: { WAYWARD_CONFIG: join(folder, 'e.yaml') } })
    expect(values.dataDir).toBe(join(folder, 'data'))
  })

  test.each<[string, Given, RegExp]>([
    [
      'flag',
      { flags: { api: 'x' } },
      /"x" as api \(flag --api\): not an address; wanted host:port/,
    ],
    ['environment', { env: { WAYWARD_API: ':1' } }, /\(environment variable WAYWARD_API\)/],
    ['file and line', { yaml: '# c\napi: 1:99999\n' }, /\(w\.yaml:2\): port 99999 is above 65535/],
    [
      'open host',
      { flags: { clickhouse: '0.0.0.0:1' } },
      /"0\.0\.0\.0" can be reached from other machines.*--clickhouse-url/,
    ],
    [
      'unknown key',
      { yaml: 'otlp-grcp: 1\n' },
      /"otlp-grcp" \(w\.yaml:1\); did you mean "otlp-grpc"\?/,
    ],
    ['no map', { yaml: '- a\n' }, /wanted "name: value" lines/],
    ['nested', { yaml: 'api:\n  port: 1\n' }, /"api" \(w\.yaml:1\): wanted a single value/],
    ['list', { yaml: 'api:\n  - a:1\n' }, /"api" \(w\.yaml:1\): wanted a single value/],
    ['nested list', { yaml: 'cors-origin:\n  - [a]\n' }, /wanted a single value/],
    ['broken YAML', { yaml: 'api: "1\n' }, /Cannot read w\.yaml:/],
    ['twice', { yaml: 'api: a\napi: b\n' }, /Cannot read w\.yaml:2: .*unique/],
    [
      'missing file',
      { flags: { config: 'none.yaml' } },
      /configuration file "none\.yaml" \(flag --config\)/,
    ],
    ['little memory', { flags: { 'engine-memory': '1MiB' } }, /less than 256MiB/],
    ['memory', { flags: { 'engine-memory': 'lots' } }, /"lots" as engine-memory .*: not a size/],
    ['scheme', { flags: { url: 'ftp://x' } }, /\(flag --url\): "ftp:\/\/" is not spoken here/],
    ['no URL', { env: { WAYWARD_CLICKHOUSE_URL: 'x y' } }, /not a URL; wanted a ClickHouse HTTP/],
  ])('names value, place, wanted and cure: %s', (_, given, message) => {
    expect(() => resolve(given)).toThrow(message)
  })
})
