// Goal: whoever opens the page sees what is wrong, finds it on the timeline, reads traces and logs,
// can come back to every view by its address, and nothing that was reported is ever markup. Method:
// Chromium against the built command; skipped where there is no Chromium.
import { AxeBuilder } from './axe.ts'
import { type Browser, chromium, type Page } from 'playwright-core'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningService, startService, temporaryFolder } from '../../e2e/wayward-process.ts'

const programs = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser']
const program = programs.find((path) => path !== undefined && existsSync(path))
if (program === undefined) {
  console.log('Skipped the tests of the page: there is no Chromium; apt-get install chromium')
}

const hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u001b[31m'
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const startMs = Date.now() - 60_000

interface Reported {
  readonly name: string
  readonly at: number
  readonly ms: number
  readonly attributes: Readonly<Record<string, string | number | boolean>>
}

describe.skipIf(program === undefined)('the page', { timeout: 120_000 }, () => {
  const folder = temporaryFolder()
  const said: string[] = []
  let service: RunningService
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    service = await startService(folder.path)
    await report()
    browser = await chromium.launch({ executablePath: program ?? '', args: ['--no-sandbox'] })
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    // A violation of the Content-Security-Policy is said here as well.
    page.on('console', (message) => {
      if (message.type() === 'error') said.push(message.text())
    })
    page.on('pageerror', (error) => said.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(service.endpoints.api)) said.push(`asked ${request.url()}`)
    })
  }, 180_000)

  afterAll(async () => {
    await browser.close()
    await service.stop()
    folder.remove()
  })

  async function open(address: string): Promise<void> {
    await page.goto(`${service.endpoints.api}${address}`)
  }

  /** A lock that one holds for seconds while two wait for it, one after the other. */
  async function report(): Promise<void> {
    const lock = {
      'wayward.lock.name': hostile,
      'wayward.lock.id': 'l1',
      'wayward.lock.type': 'mutex',
      'thread.id': 1,
    }
    const hold = (
      task: number,
      at: number,
      ms: number,
      waitMs: number,
      sequence: number,
    ): Reported => ({
      name: 'hold',
      at,
      ms,
      attributes: {
        ...lock,
        'wayward.kind': 'lock_hold',
        'wayward.task.id': String(task),
        'wayward.lock.contended': waitMs > 0,
        'wayward.lock.wait.duration': waitMs * 1e6,
        'wayward.event.sequence': sequence,
      },
    })
    const wait = (task: number, at: number, ms: number, sequence: number): Reported => ({
      name: 'wait',
      at,
      ms,
      attributes: {
        ...lock,
        'wayward.kind': 'lock_wait',
        'wayward.task.id': String(task),
        'wayward.lock.wait.result': 'granted',
        'wayward.lock.holder.task.id': '1',
        'wayward.event.sequence': sequence,
      },
    })
    await send('traces', [
      { name: hostile, at: 0, ms: 20_000, attributes: { 'http.route': hostile } },
      hold(1, 0, 10_000, 0, 1),
      wait(2, 500, 9_500, 2),
      hold(2, 10_000, 5_000, 9_500, 3),
      wait(3, 1_000, 14_000, 4),
      hold(3, 15_000, 1_000, 14_000, 5),
    ])
    const response = await fetch(`${service.endpoints.otlpHttp}/v1/logs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        resourceLogs: [
          {
            resource,
            scopeLogs: [
              {
                logRecords: ['pool is empty', hostile].map((body, i) => ({
                  timeUnixNano: `${startMs + i}000000`,
                  severityNumber: 17,
                  severityText: 'ERROR',
                  body: { stringValue: body },
                  traceId,
                })),
              },
            ],
          },
        ],
      }),
    })
    expect(response.status).toBe(200)
    expect((await fetch(`${service.endpoints.api}/inserted`)).status).toBe(200)
  }

  const resource = {
    attributes: [
      { key: 'service.name', value: { stringValue: 'shop' } },
      { key: 'wayward.session.id', value: { stringValue: 'run-1' } },
    ],
  }

  async function send(signal: string, spans: readonly Reported[]): Promise<void> {
    const body = {
      resourceSpans: [
        {
          resource,
          scopeSpans: [
            {
              spans: spans.map(({ name, at, ms, attributes }, i) => ({
                traceId,
                spanId: `00f067aa0ba902b${i}`,
                parentSpanId: i === 0 ? '' : '00f067aa0ba902b0',
                name,
                kind: 1,
                startTimeUnixNano: `${startMs + at}000000`,
                endTimeUnixNano: `${startMs + at + ms}000000`,
                attributes: Object.entries(attributes).map(([key, value]) => ({
                  key,
                  value:
                    typeof value === 'string'
                      ? { stringValue: value }
                      : typeof value === 'number'
                        ? { intValue: String(value) }
                        : { boolValue: value },
                })),
              })),
            },
          ],
        },
      ],
    }
    const response = await fetch(`${service.endpoints.otlpHttp}/v1/${signal}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(200)
  }

  test('opens with what is wrong, and "show me" leads to it on the timeline', async () => {
    await open('/')
    const finding = page.locator('article.finding').first()
    await finding.waitFor({ timeout: 90_000 })
    expect(await finding.textContent()).toContain('<img src=x onerror=')
    await finding.getByRole('button', { name: 'Show me' }).click()
    await page.locator('canvas.timeline').waitFor()
    expect(new URL(page.url()).searchParams.get('view')).toBe('timeline')
    await page.goBack()
    await page.locator('article.finding').first().waitFor({ timeout: 90_000 })
  })

  test('draws who holds green, who is waited for yellow, and who waits red', async () => {
    await open('/?view=timeline')
    await page.locator('canvas.timeline').waitFor()
    await expect.poll(() => coloursOf(page)).toEqual(expect.arrayContaining(['#d64545', '#e0a912']))
    // The last hold is waited for by nobody.
    expect(await coloursOf(page)).toContain('#3c9d5b')
  })

  test('a click tells who was there, and zooming is in the address', async () => {
    const canvas = page.locator('canvas.timeline')
    await canvas.click({ position: { x: 500, y: 22 + 13 } })
    const chosen = page.locator('section.chosen')
    await chosen.getByText('task 1').first().waitFor()
    expect(await chosen.textContent()).toContain('waiting')
    await canvas.focus()
    await page.keyboard.press('w')
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).toMatch(/Z$/)
    const address = page.url()
    await page.reload()
    await canvas.waitFor()
    expect(page.url()).toBe(address)
    await canvas.focus()
    await page.keyboard.press('f')
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).toBeNull()
  })

  test('shows a trace as a tree, and log records by their text', async () => {
    await open('/?view=traces')
    await page.locator('table button.link').first().click()
    await page.locator('table.trace').waitFor()
    expect(await page.locator('table.trace tbody tr').count()).toBe(6)
    await open('/?view=logs')
    await page.getByText('pool is empty').waitFor()
    await page.getByLabel('Text in the body').fill('POOL is')
    await expect.poll(() => page.locator('table.logs tbody tr').count()).toBe(1)
    await open('/?view=sessions')
    await page.locator('td button.link', { hasText: 'run-1' }).waitFor()
  })

  test('says what to do where there is nothing, and what is wrong where something is', async () => {
    await open('/?view=timeline&session=nobody')
    await page.getByText('Nothing was held, waited for or run here').waitFor()
    await open('/?view=traces&trace=12')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('wanted 32 hexadecimal digits')
    said.length = 0
  })

  test('nothing that was reported is markup, and nothing is asked of others', async () => {
    for (const view of [
      'overview',
      'timeline',
      'traces',
      `traces&trace=${traceId}`,
      'logs',
      'sessions',
    ]) {
      await open(`/?view=${view}`)
      await page.locator('table, canvas').first().waitFor()
      expect(await page.evaluate('window.hacked')).toBeUndefined()
      expect(await page.locator('img').count()).toBe(0)
    }
    expect(said).toEqual([])
  })

  test('can be read: axe finds nothing serious, light and dark, wide and narrow', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({
        bypassCSP: true,
        colorScheme,
        viewport: { width: 400, height: 800 },
      })
      const other = await context.newPage()
      for (const view of ['timeline', `traces&trace=${traceId}`, 'logs', 'sessions']) {
        await other.goto(`${service.endpoints.api}/?view=${view}`)
        await other.locator('table, canvas').first().waitFor()
        expect(await new AxeBuilder(other).seriousProblems(), `${view} ${colorScheme}`).toEqual([])
      }
      await context.close()
    }
  })

  test('says that the service is away, and shows again when it is back', async () => {
    await open('/?view=sessions')
    await page.locator('td button.link', { hasText: 'run-1' }).waitFor()
    await page.route('**/api/v1/sessions**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: '{"detail":"ClickHouse does not answer now"}',
      }),
    )
    await page.getByRole('button', { name: '1 hour' }).click()
    await page.getByText('ClickHouse does not answer now').first().waitFor()
    await page.unroute('**/api/v1/sessions**')
    await page.getByRole('button', { name: '1 day' }).click()
    await page.locator('td button.link', { hasText: 'run-1' }).waitFor()
  })
})

/** The colours of the picture, without those of letters. */
async function coloursOf(page: Page): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`(() => {
    const canvas = document.querySelector('canvas.timeline')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const counts = new Map()
    for (let i = 0; i < data.length; i += 4) {
      const colour = '#' + [data[i], data[i + 1], data[i + 2]].map((c) => c.toString(16).padStart(2, '0')).join('')
      counts.set(colour, (counts.get(colour) ?? 0) + 1)
    }
    return [...counts].filter(([, count]) => count > 100).map(([colour]) => colour)
  })()`)
}
