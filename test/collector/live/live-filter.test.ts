// Goal: a filter lets through what its expression is true of, says where it is wrong, and cannot be
// made to take long. Method: expressions on blocks of real requests.
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createFilter, FilterError, type LiveSelection } from '@wayward/collector/live/live-filter'
import { LiveBlock } from '@wayward/collector/live/live-item'
import { describe, expect, test } from 'vitest'

const nowMs = 1_790_000_000_000

/** A block with a span for each name, of these attributes. */
function blockOf(
  spans: readonly {
    readonly name: string
    readonly ms?: number
    readonly code?: number
    readonly attributes?: Readonly<Record<string, string>>
  }[],
  resource: Readonly<Record<string, string>> = { 'service.name': 'shop', 'host.name': 'a' },
): LiveBlock {
  const decoder = createTracesDecoder(defaultDecodeLimits, () => nowMs)
  const list = (attributes: Readonly<Record<string, string>>) =>
    Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  const request = {
    resourceSpans: [
      {
        resource: { attributes: list(resource) },
        scopeSpans: [
          {
            spans: spans.map(({ name, ms = 1, code = 0, attributes = {} }, i) => ({
              traceId: '0af7651916cd43dd8448eb211c80319c',
              spanId: `b7ad6b716920333${i.toString(16)}`,
              name,
              startTimeUnixNano: String(BigInt(nowMs) * 1_000_000n),
              endTimeUnixNano: String(BigInt(nowMs) * 1_000_000n + BigInt(ms * 1e6)),
              status: { code },
              attributes: list(attributes),
            })),
          },
        ],
      },
    ],
  }
  const result = decoder.decode('json', Buffer.from(JSON.stringify(request)))
  expect(result).toMatchObject({ status: 'decoded', acceptedItems: spans.length })
  const [block] = decoder.blocks
  return new LiveBlock({ table: 'otel_traces', bytes: Buffer.concat(block?.take() ?? []) })
}

function shown(block: LiveBlock, selection: LiveSelection): string[] {
  const filter = createFilter(selection)
  const names: string[] = []
  for (block.row = 0; block.row < block.rows; block.row++) {
    if (filter(block)) names.push(block.name)
  }
  return names
}

const block = blockOf([
  { name: 'a', ms: 5, attributes: { 'wayward.kind': 'lock_wait', 'cart.items': '3' } },
  { name: 'b', ms: 500, code: 2, attributes: { 'wayward.kind': 'lock_hold', size: '10' } },
  { name: 'c', ms: 50, attributes: { __proto__x: '1' } },
])

describe('createFilter()', () => {
  test.each<[LiveSelection, string]>([
    [{}, 'abc'],
    [{ service: 'shop' }, 'abc'],
    [{ service: 'sho' }, ''],
    [{ kind: 'span' }, 'abc'],
    [{ kind: 'log' }, ''],
    [{ kind: 'lock_wait' }, 'a'],
    [{ sessions: ['shop@a:'] }, 'abc'],
    [{ where: 'durationMs > 10' }, 'bc'],
    [{ where: 'durationMs > 10.5 && status == "Error"' }, 'b'],
    [{ where: 'attributes["cart.items"] == "3" || name == "c"' }, 'ac'],
    [{ where: 'number(attributes["cart.items"]) >= 3.0' }, 'a'],
    [{ where: '!(kind in ["lock_wait", "lock_hold"])' }, 'c'],
    [{ where: 'name.startsWith("a") ? true : size(kind) > 8' }, 'ab'],
    [{ where: 'attributes["missing"] == "" && resource["host.name"] == "a"' }, 'abc'],
    [{ where: 'attributes.size == "10"' }, 'b'],
    [{ where: 'signal == "span" &&\n  kind.contains("wait")' }, 'a'],
    [{ where: 'attributes["__proto__"] == ""' }, 'abc'],
    [{ kind: 'lock_hold', where: 'durationMs < 10.0' }, ''],
    [{ where: 'severity == 0 && body == "" && value == 0' }, 'abc'],
  ])('%j shows %s', (selection, names) => {
    expect(shown(block, selection).join('')).toBe(names)
  })

  test.each([
    ['durtion > 5', 'line 1, column 1: Unknown variable: durtion'],
    ['service ==\n  "a" &&', 'line 2, column 9'],
    ['service > 5', 'line 1, column 1: no such overload: string > int'],
    ['service', 'gives a string, wanted true or false'],
    ['body.matches("(a+)+$")', 'the function matches() is not there'],
    ['[1, 2].all(x, x > 0)', 'the function all() is not there'],
    ['attributes == resource', 'one key at a time'],
    ['attributes[name] == ""', 'which are written as texts'],
    ['has(attributes.x)', 'the function has() is not there'],
    ['{"a": 1}["a"] == 1', 'only attributes and resource have keys'],
    ['1 / 0 == 1', 'the operator / is not there'],
    [`${'('.repeat(100)}true${')'.repeat(100)}`, 'maxDepth'],
    [Array.from({ length: 200 }, () => 'true').join(' || '), 'maxAstNodes'],
    ['x'.repeat(5000), 'has 5000 characters, wanted at most 4096'],
    ['', 'line 1, column 1'],
    ['\u0000', 'line 1, column 1'],
  ])('%j is refused', (where, reason) => {
    expect(() => createFilter({ where })).toThrow(FilterError)
    expect(() => createFilter({ where })).toThrow(reason)
  })

  test('an overflow is not true of the row, and throws nothing', () => {
    expect(shown(block, { where: 'size(name) + 9223372036854775807 > 0' })).toEqual([])
  })
})
