// What the watched stats files hold now, for those who look: read when somebody asks, not before.
import { jsonReply, type Route } from '@wayward/base'
import { readStatsFile, type Stat } from '@wayward/mmstats'
import { processState, writerOf } from '@wayward/mmstats/tools/process-state'
import { type FoundFile, findFiles } from '@wayward/mmstats/tools/stats-glob'

/** A file as it is shown. */
interface ShownFile {
  readonly path: string
  readonly pid?: number | undefined
  readonly state?: string
  readonly fields: readonly ShownField[]
  /** What is wrong with it; the fields are those before the fault. */
  readonly problem?: string | undefined
}

interface ShownField {
  readonly label: string
  /** Whole numbers that JavaScript cannot say are text; what is no number is null. */
  readonly value: unknown
}

/** An answer is for a person who looks. */
const filesMax = 200
const fieldsMax = 10_000
const readerSettings = { fileBytesMax: 4 * 1024 * 1024, fieldsMax } as const

/**
 * `GET /api/stats-files`: the patterns, how many files there are, and the first 200 of them with
 * their fields, up to 10,000 in all. `?label=web.` leaves out fields that begin otherwise.
 */
export function createStatsFilesRoute(globs: readonly string[]): Route {
  return {
    path: '/api/stats-files',
    methods: ['GET'],
    handle: async ({ query }) => {
      const unknown = [...query.keys()].find((key) => key !== 'label')
      if (unknown !== undefined) {
        const message = `The parameter "${unknown}" is not known here; there is label`
        return { code: 'malformed', message }
      }
      const found = globs.length === 0 ? [] : findFiles(globs)
      const label = query.get('label') ?? ''
      const files: ShownFile[] = []
      let room = fieldsMax
      for (const file of found.slice(0, filesMax)) {
        const shown = readQuietly(file, label)
        files.push({ ...shown, fields: shown.fields.slice(0, room) })
        room -= Math.min(room, shown.fields.length)
      }
      const reply = jsonReply(200, { globs, found: found.length, files })
      return await Promise.resolve({ ...reply, headers: { 'Cache-Control': 'no-store' } })
    },
  }
}

function readQuietly({ path, within }: FoundFile, label: string): ShownFile {
  try {
    const { problem, stats } = readStatsFile(path, { ...readerSettings, within })
    const writer = writerOf(stats)
    const fields = stats.filter((stat) => stat.label.startsWith(label)).map(toShown)
    const state = writer.pid === undefined ? 'unknown' : processState(writer, path)
    return { path, pid: writer.pid, state, fields, problem }
  } catch (error) {
    return { path, fields: [], problem: error instanceof Error ? error.message : String(error) }
  }
}

function toShown({ label, value }: Stat): ShownField {
  if (typeof value !== 'bigint') return { label, value }
  const number = Number(value)
  return { label, value: Number.isSafeInteger(number) ? number : String(value) }
}
