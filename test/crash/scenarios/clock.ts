// The clock jumps, forwards and back, also over a kill. The service's own process gets another
// Date.now() by a module that is loaded before it; ClickHouse keeps the true time.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readyMsMax, runUnderLoad, type Scenario } from '../run.ts'

const hourMs = 3_600_000
const jumpsMs = [hourMs, -hourMs, 5 * hourMs, 0]
const atEachMs = 1500

const preload = `
import { readFileSync } from 'node:fs'
const now = Date.now.bind(Date)
let offset = 0
const look = () => {
  try { offset = Number(readFileSync(process.env.CRASH_CLOCK, 'utf8')) } catch {}
}
look()
setInterval(look, 50).unref()
Date.now = () => now() + offset
`

export const clock: Scenario = {
  name: 'clock',
  run(settings) {
    const file = join(settings.dataDir, '..', 'clock')
    const module = join(settings.dataDir, '..', 'clock.mjs')
    writeFileSync(module, preload)
    writeFileSync(file, '0')
    const serveEnv = { NODE_OPTIONS: `--import=${module}`, CRASH_CLOCK: file }
    return runUnderLoad(
      settings,
      async ({ service, random }) => {
        for (const ms of jumpsMs) {
          writeFileSync(`${file}.new`, String(ms))
          renameSync(`${file}.new`, file)
          settings.say(`the clock is ${ms / hourMs} h ahead`)
          await sleep(atEachMs)
          await service.kill(random.pick(['collector', 'both']), 0, 'with a clock that jumped')
          await sleep(50)
          await service.whenReady(readyMsMax)
        }
      },
      { serveEnv },
    )
  },
}
