import { readFilledSql } from '@wayward/analyzers'
import { analyzerList } from '@wayward/analyzers/generated/list'
import { fillSql } from '@wayward/analyzers/report/filled-sql'
import { readQuestion } from '@wayward/analyzers/sql-modules'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'

const fill = (sql: string, parameters: Record<string, string | number>): string =>
  fillSql({ sql }, parameters, 'wayward')

describe('fillSql()', () => {
  test('puts values where parameters are, as literals of their types', () => {
    const filled = fill("SELECT {a:String}, {n:UInt64} WHERE t > {at:DateTime64(9, 'UTC')}", {
      a: "it's \\ a\nline",
      n: 5,
      at: '1764212400.000000001',
    })
    expect(filled).toBe(
      "SELECT 'it\\'s \\\\ a\\nline', 5 WHERE t > toDateTime64('2025-11-27 03:00:00.000000001', 9, 'UTC')\nSETTINGS session_timezone = 'UTC'",
    )
  })

  test('writes digits for a whole number as a number of its type', () => {
    const filled = fill('SELECT {a:Int64}, {b:Int64}, {c:String}', {
      a: '1795687200123456789',
      b: '1); DROP',
      c: '12',
    })
    expect(filled).toContain("SELECT toInt64(1795687200123456789), '1); DROP', '12'\n")
  })

  test('names the database of tables, not in texts and comments', () => {
    const sql = "SELECT 'FROM wayward_x' -- FROM wayward_x\nFROM wayward_lock_holds JOIN otel_logs"
    expect(fillSql({ sql }, {}, 'my-db')).toBe(
      "SELECT 'FROM wayward_x' -- FROM wayward_x\nFROM `my-db`.wayward_lock_holds JOIN `my-db`.otel_logs\nSETTINGS session_timezone = 'UTC'",
    )
  })

  test('refuses a parameter without a value', () => {
    expect(() => fill('SELECT {a:String}', {})).toThrow('No value for the parameter {a:String}')
  })
})

describe('every statement', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await startTestStore()
  })

  afterAll(async () => {
    await engine.shutdown()
  })

  // From another database and without parameters and settings, as a client that knows nothing.
  test.each(analyzerList)('$name runs as it is', async ({ name, sql: file }) => {
    const window = { service: "it's {service:String} \\", from: 1n, to: 2n ** 62n }
    const sql = await readFilledSql(name, window, 'wayward')
    expect(sql).not.toMatch(/\{(?:from|to|session):/)
    const answer = await fetch(`${engine.url}/?database=system`, {
      method: 'POST',
      body: `${sql}\nFORMAT JSONCompactEachRowWithNames`,
    })
    const [names = ''] = (await answer.text()).split('\n')
    const { columns } = (await readQuestion(file)).header
    expect(JSON.parse(names)).toEqual(columns.map((column) => column.name))
  })
})
