// The disk of the journal is full: what is acknowledged stays, new requests are refused with a hint
// to come back, and the service recovers by itself when there is room.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger } from '../ledger.ts'
import { nextAcknowledgement, type RunParts, runUnderLoad, type Scenario } from '../run.ts'

const disk = '192m'
/** Left beside the ballast. */
const roomBytes = 256 * 1024
const bytesPerChunk = 64 * 1024
const fullMsMax = 30_000
const recoverMsMax = 30_000

export const fullDisk: Scenario = {
  name: 'full-disk',
  skipReason: () => whyNoMount(),
  async run(settings) {
    const folder = join(settings.dataDir, 'journal')
    mkdirSync(folder, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk}`, 'wayward-crash', folder])
    try {
      return await runUnderLoad(settings, (parts) => fillAndFree(folder, parts))
    } finally {
      execFileSync('umount', [folder])
    }
  },
}

async function fillAndFree(folder: string, parts: RunParts): Promise<void> {
  const { service, settings, ledger, fault } = parts
  await sleep(1000)
  const ballast = join(folder, 'ballast')
  fill(folder, ballast)
  // Without ClickHouse nothing leaves the journal, so it needs more files.
  service.signalEngine('SIGSTOP')
  const isRefused = await refusedFor(ledger, fullMsMax)
  settings.say(isRefused ? 'the disk is full: nothing is acknowledged' : 'the disk did not fill')
  if (!isRefused) fault('With a full disk requests were still acknowledged')
  rmSync(ballast)
  if (!(await nextAcknowledgement(ledger, recoverMsMax))) {
    fault('No request was acknowledged after the disk had room again')
  }
  service.signalEngine('SIGCONT')
  await sleep(1000)
}

/** The service writes, too: whoever gets the last byte, the disk is full. */
function fill(folder: string, path: string): void {
  const chunk = Buffer.alloc(bytesPerChunk)
  for (;;) {
    const { bavail, bsize } = statfsSync(folder)
    if (bavail * bsize <= roomBytes) return
    try {
      appendFileSync(path, chunk)
    } catch {
      return
    }
  }
}

const nothingMs = 2000

/** Waits until nothing is acknowledged for a while. */
async function refusedFor(ledger: Ledger, timeoutMs: number): Promise<boolean> {
  const endMs = Date.now() + timeoutMs
  while (Date.now() < endMs) if (!(await nextAcknowledgement(ledger, nothingMs))) return true
  return false
}

function whyNoMount(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'wayward-crash', folder], {
      stdio: 'ignore',
    })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'no small disk can be mounted here (that takes root)'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
