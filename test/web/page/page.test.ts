// Goal: whoever opens the page sees what is wrong, finds it on the timeline, reads traces and logs,
// can come back to every view by its address, and nothing that was reported is ever markup. Method:
// Chromium against the built command; skipped where there is no Chromium.
import { AxeBuilder } from './axe.ts'
import { type Browser, chromium, type Page } from 'playwright-core'
import { counter, createStats, string } from '@wayward/mmstats'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  anyPorts,
  type RunningService,
  startService,
  temporaryFolder,
} from '../../e2e/wayward-process.ts'
import { hostile, report, reportLog, reportRun, traceId } from './report.ts'

const programs = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser']
const program = programs.find((path) => path !== undefined && existsSync(path))
if (program === undefined) {
  console.log('Skipped the tests of the page: there is no Chromium; apt-get install chromium')
}

describe.skipIf(program === undefined)('the page', { timeout: 120_000 }, () => {
  const folder = temporaryFolder()
  const statsFolder = temporaryFolder()
  const stats = createStats(
    { requests: counter({ label: `requests${hostile}` }), state: string() },
    { path: statsFolder.path, prefix: 'web.' },
  )
  const said: string[] = []
  let service: RunningService
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    stats.requests.increment(12)
    service = await startService(folder.path, [...anyPorts, '--mmstats', `${statsFolder.path}/*`])
    await report(service.endpoints)
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
    stats.remove()
    statsFolder.remove()
    folder.remove()
  })

  async function open(address: string): Promise<void> {
    await page.goto(`${service.endpoints.api}${address}`)
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
    await page.locator('table.sorted button.link').first().click()
    await page.locator('.span-row').first().waitFor()
    expect(await page.locator('.span-row').count()).toBe(8)
    await open('/?view=logs')
    await page.getByText('pool is empty').waitFor()
    await page.getByLabel('Text in the body').fill('POOL is')
    await expect.poll(() => page.locator('.log-row').count()).toBe(1)
    await open('/?view=sessions')
    await page.locator('td button.link', { hasText: 'run-1' }).waitFor()
  })

  test('takes sessions along and in again, and looks at several together', async () => {
    await reportRun(service.endpoints, 'run-carried')
    await open('/?view=sessions')
    const box = (name: string) => page.getByLabel(`Look at ${name}`, { exact: true })
    await box('run-carried').check()
    await box('run-1').check()
    const query = new URL(page.url()).searchParams
    expect(query.get('session')?.split('\n').toSorted()).toEqual(['run-1', 'run-carried'])
    const asked = page.waitForRequest(/report\?.*session=run-[^&]+&session=run-/)
    await page.keyboard.press('Alt+1')
    await asked
    await open('/?view=sessions&session=run-carried')
    const saved = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export the chosen session' }).click()
    const path = await (await saved).path()
    const printed = /(http\S+#token=\S+)/.exec(service.stdout())?.[1] ?? ''
    await page.goto(printed)
    await open('/?view=sessions')
    await page.getByLabel('Import an archive').setInputFiles(path)
    await page.getByText('All of it was there already').waitFor({ timeout: 60_000 })
    await page.getByLabel('Import an archive').setInputFiles({
      name: 'x.gz',
      mimeType: 'application/gzip',
      buffer: Buffer.from('no archive'),
    })
    await page.getByText('not compressed with gzip').waitFor()
    // That is said, and the browser says so, too.
    said.splice(0)
    await page.evaluate('sessionStorage.clear()')
  })

  test('deletes a session with the token of the address, once it is said twice', async () => {
    await reportRun(service.endpoints, hostile)
    await open('/?view=sessions')
    const line = page.locator('tr', { hasText: '<img src=x' })
    const remove = async () => {
      await line.getByRole('button', { name: /^Delete/ }).click()
      await line.getByRole('button', { name: /for ever$/ }).click()
    }
    await remove()
    await page.getByRole('form', { name: 'Token' }).waitFor()
    said.splice(0)
    const address = /(http\S+#token=\S+)/.exec(service.stdout())?.[1] ?? ''
    await page.goto(address)
    await expect.poll(() => page.url()).not.toContain('token')
    await open('/?view=sessions')
    await remove()
    await line.waitFor({ state: 'detached' })
    await page.locator('td button.link', { hasText: 'run-1' }).waitFor()
    expect(await page.evaluate('window.hacked')).toBeUndefined()
  })

  test('jumps from who waits to who holds, and back, and sums an area', async () => {
    await open('/?view=timeline')
    const canvas = page.locator('canvas.timeline')
    await canvas.waitFor()
    const blocks = page.waitForResponse(/\/blocks/)
    await canvas.focus()
    await page.keyboard.press('s')
    await blocks
    // The longest wait is the one of task 3, most of it for task 1.
    await expect
      .poll(async () => {
        await page.keyboard.press(']')
        return new URL(page.url()).searchParams.get('pick')
      })
      .toBe('00f067aa0ba902b1')
    await page.getByText('task 3 waited 14 s for').waitFor()
    await page.keyboard.press('[')
    await expect
      .poll(() => new URL(page.url()).searchParams.get('pick'))
      .toMatch(/00f067aa0ba902b[24]/)
    const box = await canvas.boundingBox()
    if (box === null) throw new Error('The canvas has no place')
    await page.keyboard.down('Shift')
    await page.mouse.move(box.x + 100, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + 400, box.y + 60, { steps: 4 })
    await page.mouse.up()
    await page.keyboard.up('Shift')
    await page.locator('section.sums table').waitFor()
    expect(new URL(page.url()).searchParams.get('area')).toMatch(/^\d+-\d+$/)
  })

  test('keeps a lane at the top that is pinned, by its address, too', async () => {
    await open('/?view=timeline')
    await page.locator('canvas.timeline').waitFor()
    const lanes = page.getByRole('list', { name: 'Lanes' }).locator('li')
    const title = await lanes.last().locator('button.link').textContent()
    expect(await lanes.first().locator('button.link').textContent()).not.toBe(title)
    await lanes.last().locator('button.pin').click()
    await expect.poll(() => lanes.first().locator('button.link').textContent()).toBe(title)
    await page.reload()
    await expect.poll(() => lanes.first().locator('button.link').textContent()).toBe(title)
    await lanes.first().locator('button.pin').click()
    await expect.poll(() => new URL(page.url()).searchParams.get('pins')).toBeNull()
  })

  test('finds a span in a trace, and shows what the trace waited for last', async () => {
    await open('/?view=logs')
    await page.getByRole('button', { name: 'pool is empty' }).click()
    await page.getByRole('button', { name: 'trace', exact: true }).click()
    expect(new URL(page.url()).searchParams.get('trace')).toBe(traceId)
    const names = page.locator('.span-row button.link')
    await expect.poll(() => names.count()).toBe(8)
    await page.getByRole('button', { name: 'Critical path' }).click()
    // The root, the last hold, and the wait before it, which was for both other holds.
    await expect.poll(() => names.count()).toBe(3)
    const path = (await names.allTextContents()).slice(1).map((text) => text.slice(0, 9))
    expect(path).toEqual(['lock wait', 'lock hold'])
    await page.getByRole('button', { name: 'Critical path' }).click()
    await page.getByLabel('Find a span').fill('PROCESS')
    await expect.poll(() => names.allTextContents()).toEqual([expect.stringMatching(/^queue item/)])
  })

  test('compares sessions, and times with those before', async () => {
    await open('/?view=compare&since=15m&other=before')
    const table = page.getByRole('table', { name: 'Differences' })
    await table.getByText('other: not there').first().waitFor()
    await page.getByLabel('This time against').selectOption('session:run-1')
    await expect.poll(() => table.getByText('not there').count()).toBe(0)
    // It is the same session: nothing has changed.
    expect((await table.locator('tr.change').allTextContents()).join('')).toBe('change')
  })

  test('has a page for each lock with its lengths, hours and who blocks whom', async () => {
    await open('/?view=locks')
    await page.locator('table.sorted button.link').first().click()
    const subject = page.locator('section.subject')
    await subject.locator('svg.graph path').first().waitFor({ state: 'attached' })
    await subject.locator('table.hours').waitFor()
    await subject.getByText(/^waiting: 2, mean 11\.8 s/).waitFor()
    await page.goBack()
    await expect.poll(() => subject.count()).toBe(0)
  })

  test('answers SQL as a table and as a chart, and says what is wrong with it', async () => {
    await open('/?view=sql')
    const editor = page.getByLabel('SQL', { exact: true })
    await editor.fill('SELECT number, number * 2 AS twice FROM numbers(3)')
    await page.keyboard.press('Control+Enter')
    await page.getByText('3 rows in').waitFor()
    expect(await page.locator('table.sorted tbody tr').count()).toBe(3)
    await page.getByRole('button', { name: 'chart' }).click()
    await page.locator('figure.chart').waitFor()
    await editor.fill('SELECT * FROM otel_tra')
    await page.keyboard.press('Tab')
    expect(await editor.inputValue()).toBe('SELECT * FROM otel_traces')
    await editor.fill('SELEC')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('Syntax error')
    said.length = 0
  })

  test('shows how jobs are, what is expected of them and when they were due', async () => {
    const put = await fetch(`${service.endpoints.api}/api/jobs/nightly`, {
      method: 'PUT',
      body: JSON.stringify({ schedule: ['30 2 * * *'], grace: '10m' }),
    })
    expect(put.status).toBeLessThan(300)
    await open('/?view=jobs')
    const states = page.getByRole('region', { name: 'States of jobs' })
    await states.locator('.badge.new').waitFor()
    await states.locator('button.link').first().click()
    await page.locator('dd', { hasText: '30 2 * * *' }).waitFor()
    await page.locator('dd', { hasText: /02:30:00/ }).waitFor()
    await page.locator('p.grid button, p.empty').first().waitFor()
  })

  test('changes what is expected of a job, and shows a run with what it wrote', async () => {
    const { api } = service.endpoints
    const ping = await fetch(`${api}/ping/key/nightly`, { method: 'POST', body: 'saved 12 files' })
    expect(ping.status).toBe(200)
    await open('/?view=jobs&name=nightly&service=jobs')
    await page.getByRole('button', { name: 'Change' }).click()
    const form = page.getByRole('form', { name: 'What is expected' })
    await form.getByLabel('Late after').fill('soon')
    await form.getByRole('button', { name: 'Keep' }).click()
    await form.getByRole('alert').getByText('wanted a duration').waitFor()
    said.length = 0
    await form.getByLabel('Late after').fill('20m')
    await form.getByLabel('Tags').fill('a, b')
    await form.getByRole('button', { name: 'Keep' }).click()
    await page.locator('dd', { hasText: 'a; b' }).waitFor()
    const kept = (await (await fetch(`${api}/api/jobs/nightly`)).json()) as object
    expect(kept).toMatchObject({
      definition: { schedule: ['30 2 * * *'], grace: '20m', tags: ['a', 'b'] },
    })
    await expect
      .poll(async () => {
        await page.reload()
        await page.locator('p.grid button, p.empty').first().waitFor()
        return await page.locator('p.grid button').count()
      })
      .toBe(1)
    await page.locator('p.grid button').click()
    const run = page.getByRole('region', { name: /^Run/ })
    await run.getByText('saved 12 files').waitFor()
    await run.locator('.span-row').first().waitFor()
    await open('/?view=jobs')
    const day = page.getByRole('region', { name: 'A day of jobs' })
    await day.getByRole('img', { name: /^nightly: 1 runs, 0 failed/ }).waitFor()
    await day.getByRole('button', { name: 'The day before' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('at')).toMatch(/^\d{4}-/)
  })

  test('plots what a stats file holds while it changes, with its mean', async () => {
    await open('/?view=files')
    stats.state.value = 'busy'
    await page.getByLabel('Time between samples, ms').fill('250')
    await page.getByLabel('Samples shown').fill('10')
    await page.getByRole('cell', { name: 'busy' }).waitFor()
    await page.getByRole('button', { name: /^Plot web\.requests/ }).click()
    stats.requests.increment(30)
    const plot = page.getByRole('region', { name: /^web\.requests/ })
    await plot.getByText(/: 42/).waitFor()
    expect(await plot.getByText('mean of 10').count()).toBe(1)
    await page.reload()
    await plot.getByText(/: 42/).waitFor()
  })

  test('finds spans by a condition in SQL, and says what is wrong with one', async () => {
    await open('/?view=traces')
    const field = page.getByLabel('Or a condition in SQL')
    await field.fill('Duration > 19e9')
    await field.press('Enter')
    await expect.poll(() => page.locator('table[aria-label=Spans] tbody tr').count()).toBe(1)
    await field.fill("Duration > 'x")
    await field.press('Enter')
    await page.getByRole('alert').waitFor()
    said.length = 0
  })

  test('asks for a token where the service wants one, and shows what it may then', async () => {
    const other = temporaryFolder()
    const tokens = join(other.path, 'tokens')
    writeFileSync(tokens, 'reader: 0123456789abcdef0123\n', { mode: 0o600 })
    const closed = await startService(other.path, [...anyPorts, '--token-file', tokens])
    const context = await browser.newContext()
    try {
      const reader = await context.newPage()
      await reader.goto(`${closed.endpoints.api}/?view=sql&sql=SELECT%201%20AS%20one`)
      const field = reader.getByLabel('Token of the service')
      await field.fill('0123456789abcdef9999')
      await field.press('Enter')
      await reader.getByText('does not know this token').waitFor()
      await field.fill('0123456789abcdef0123')
      await field.press('Enter')
      await field.waitFor({ state: 'detached' })
      await reader.getByRole('button', { name: 'Run' }).click()
      await reader.getByText('1 rows in').waitFor()
      const saved = reader.waitForEvent('download')
      await reader.getByRole('link', { name: 'csv' }).click()
      expect(readFileSync(await (await saved).path(), 'utf8')).toBe('"one"\n1\n')
      await reader.goto(`${closed.endpoints.api}/?view=logs&live=on`)
      await reader.locator('[aria-live]', { hasText: /^Live$/ }).waitFor()
      expect(await reader.locator('form.problem').count()).toBe(0)
    } finally {
      await context.close()
      await closed.stop()
      other.remove()
    }
  })

  test('shows log records while they come, and pauses', async () => {
    await open('/?view=logs&live=on')
    await page.locator('[aria-live]', { hasText: /^Live$/ }).waitFor()
    await reportLog(service.endpoints, 'one came')
    await page.getByText('one came').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Go on' }).waitFor()
    await reportLog(service.endpoints, 'another came meanwhile')
    expect(await page.locator('.log-row').count()).toBe(1)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('another came meanwhile').waitFor()
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
    const name = encodeURIComponent(hostile)
    for (const view of [
      'overview',
      'timeline',
      `locks&name=${name}`,
      `queues&name=${name}`,
      `jobs&name=${name}`,
      'traces',
      `traces&trace=${traceId}&span=00f067aa0ba902b0`,
      'logs',
      'logs&chart=patterns',
      `metrics&name=heap.${name}`,
      'memory',
      'sql',
      'sessions',
      'status',
      'files',
    ]) {
      await open(`/?view=${view}`)
      await page.locator('main table, main canvas, main textarea, main .virtual').first().waitFor()
      await page.waitForLoadState('networkidle')
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
      for (const view of [
        'timeline',
        'locks',
        `traces&trace=${traceId}`,
        'logs',
        'metrics',
        'sql',
        'sessions',
        'status',
        'files',
      ]) {
        await other.goto(`${service.endpoints.api}/?view=${view}`)
        await other
          .locator('main table, main canvas, main textarea, main .virtual')
          .first()
          .waitFor()
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
