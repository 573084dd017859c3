// How the timeline moves in a real browser: frames while panning and zooming over all that was
// reported, the time that drawing takes of them, and the memory of the tab. Nothing where there is
// no Chromium.
import { type CDPSession, chromium, type Page } from 'playwright-core'
import { existsSync } from 'node:fs'
import type { Figure } from './bench.ts'

const programs = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser']
/** What is pressed, each for some frames. */
const keys = ['d', 'd', 'a', 'w', 'd', 's', 'a', 's'] as const

/** @param window as the address of the page has it */
export async function measurePanning(
  address: string,
  window: { readonly from: string; readonly to: string },
  rounds: number,
): Promise<Figure[]> {
  const program = programs.find((path) => path !== undefined && existsSync(path))
  if (program === undefined) return []
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage({ viewport: { width: 1500, height: 900 } })
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    const query = new URLSearchParams({ view: 'timeline', ...window })
    const began = performance.now()
    await page.goto(`${address}/?${query.toString()}`)
    await page.locator('canvas.timeline').waitFor({ timeout: 120_000 })
    const shownMs = performance.now() - began
    const before = await metricsOf(session)
    const frames = await pan(page, rounds)
    const after = await metricsOf(session)
    const scripted = (after['ScriptDuration'] ?? 0) - (before['ScriptDuration'] ?? 0)
    return [
      {
        name: 'timeline in the browser, from the address to its boxes',
        value: shownMs,
        unit: 'ms',
      },
      { name: 'a frame while panning, median', value: quantile(frames, 0.5), unit: 'ms' },
      {
        name: 'a frame while panning, 95 of 100 within',
        value: quantile(frames, 0.95),
        unit: 'ms',
      },
      {
        name: 'script of a frame while panning, mean',
        value: (scripted * 1000) / Math.max(1, frames.length),
        unit: 'ms',
      },
      {
        name: 'memory of the tab: its heap of JavaScript',
        value: (after['JSHeapUsedSize'] ?? 0) / 2 ** 20,
        unit: 'MiB',
      },
    ]
  } finally {
    await browser.close()
  }
}

async function metricsOf(session: CDPSession): Promise<Readonly<Record<string, number>>> {
  const { metrics } = await session.send('Performance.getMetrics')
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
}

/** Milliseconds between frames. */
async function pan(page: Page, rounds: number): Promise<readonly number[]> {
  await page.locator('canvas.timeline').focus()
  await page.evaluate(`(() => {
    window.frames_ = []
    let last = performance.now()
    const next = (now) => { window.frames_.push(now - last); last = now; window.next_ = requestAnimationFrame(next) }
    window.next_ = requestAnimationFrame(next)
  })()`)
  for (let round = 0; round < rounds; round++) {
    for (const key of keys) await page.keyboard.press(key)
  }
  const frames = await page.evaluate<readonly number[]>(
    '(cancelAnimationFrame(window.next_), window.frames_.slice(1))',
  )
  return frames
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
