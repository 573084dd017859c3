// mmash: the stats files over HTTP, with the original's routes and answers.
import { join, resolve } from 'node:path'
import type { Stat } from '../format/stat.ts'
import { defaultGlobs, statsFolder } from '../file/file-name.ts'
import { readStatsFile } from '../read/stats-reader.ts'
import { graphPage, indexPage } from './mmash-page.ts'
import { jsonValue } from './stat-text.ts'
import { type FoundFile, findFiles } from './stats-glob.ts'

export interface MmashSettings {
  /**
   * The folder that requests are confined to.
   * @default MMSTATS_PATH, or that of temporary files
   */
  readonly folder?: string
  /** The files shown without `?glob=`. @default those of MMSTATS_GLOB, or the folder's */
  readonly globs?: readonly string[]
}

/** An answer to a request. */
export interface MmashAnswer {
  readonly status: number
  readonly type: 'application/json' | 'text/html; charset=utf-8' | 'text/plain; charset=utf-8'
  readonly body: string
  /** Where a request is sent on to. */
  readonly location?: string
}

interface FileStat {
  readonly path: string
  readonly stat: Stat
}

class BadRequest extends Error {}

/** Makes what answers requests: a path with its query, such as `/stats/web.?aggr=sum`. */
export function createMmash(settings: MmashSettings = {}): (target: string) => MmashAnswer {
  const folder = resolve(settings.folder ?? statsFolder())
  const globs =
    settings.globs ??
    (settings.folder === undefined
      ? defaultGlobs()
      : [join(folder, '*.mmstats'), join(folder, 'mmstats-*')])
  return (target) => {
    try {
      // Not by URL, which would make another path of one with `..` in it.
      const [, path = '', query = ''] = /^([^?#]*)\??([^#]*)/s.exec(target) ?? []
      return route({ folder, globs }, decodeURIComponent(path), new URLSearchParams(query))
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      return { status: 400, type: 'text/plain; charset=utf-8', body: `${text}\n` }
    }
  }
}

interface Source {
  readonly folder: string
  readonly globs: readonly string[]
}

function route(source: Source, path: string, query: URLSearchParams): MmashAnswer {
  if (path === '/') return html(indexPage(source.globs.join(' '), labelsOf(source)))
  if (path === '/graph/') return html(graphPage(source.globs.join(' '), readAll(source, '')))
  if (path === '/stats/') return json(JSON.stringify({ stats: labelsOf(source) }))
  // As the original sends on who leaves out the last slash.
  if (/^\/(stats|files|graph)$/.test(path)) {
    const location = `${path}/${query.size === 0 ? '' : `?${query.toString()}`}`
    return { status: 308, type: 'text/plain; charset=utf-8', body: '', location }
  }
  const [, head, rest] = /^\/(stats|files)\/(.*)$/s.exec(path) ?? []
  if (head === 'stats' && rest !== undefined) return json(statsText(source, rest, query))
  if (head === 'files') {
    const paths = new Set(readAll(source, rest ?? '').map((one) => one.path))
    return json(JSON.stringify({ files: [...paths] }))
  }
  return { status: 404, type: 'text/plain; charset=utf-8', body: `Nothing is at "${path}"\n` }
}

function html(body: string): MmashAnswer {
  return { status: 200, type: 'text/html; charset=utf-8', body }
}

function json(body: string): MmashAnswer {
  return { status: 200, type: 'application/json', body: `${body}\n` }
}

function labelsOf(source: Source): string[] {
  return [...new Set(readAll(source, '').map(({ stat }) => stat.label))].toSorted()
}

/** Every field of every file of a pattern; files that cannot be read are left out. */
function readAll({ folder, globs }: Source, glob: string): FileStat[] {
  if (glob.includes('..')) throw new BadRequest(`The pattern "${glob}" leaves the folder`)
  const files =
    glob === ''
      ? findFiles(globs)
      : findFiles([join(folder, glob)]).map(({ path }) => ({ path, within: folder }))
  return files.flatMap((file) => readQuietly(file).map((stat) => ({ path: file.path, stat })))
}

function readQuietly({ path, within }: FoundFile): readonly Stat[] {
  try {
    return readStatsFile(path, { within }).stats
  } catch {
    return []
  }
}

/** The fields whose label starts with the name; `exact` asks for that one only. */
function statsText(source: Source, name: string, query: URLSearchParams): string {
  const isExact = (query.get('exact') ?? '') !== ''
  const values = new Map<string, Stat['value'][]>()
  for (const { stat } of readAll(source, query.get('glob') ?? '')) {
    const isWanted = isExact ? stat.label === name : stat.label.startsWith(name)
    if (isWanted) values.set(stat.label, [...(values.get(stat.label) ?? []), stat.value])
  }
  const aggregate = aggregators.get(query.get('aggr') ?? '')
  const fields = [...values].map(([label, list]) => {
    const text = aggregate === undefined ? jsonValue(list.flat()) : jsonValue(aggregate(list))
    return `${JSON.stringify(label)}:${text}`
  })
  return `{${fields.join(',')}}`
}

type Aggregate = (values: readonly Stat['value'][]) => Stat['value']

const aggregators: ReadonlyMap<string, Aggregate> = new Map<string, Aggregate>([
  ['one', (values) => values[0] ?? 0],
  ['avg', (values) => mean(numbers(values))],
  ['max', (values) => values.reduce((one, other) => (other > one ? other : one))],
  ['min', least],
  ['sum', (values) => total(values)],
  ['nonzero-min', (values) => least(values.filter(Boolean))],
  ['nonzero-avg', (values) => mean(numbers(values).filter(Boolean))],
])

function numbers(values: readonly Stat['value'][]): number[] {
  return values.map((value) => {
    if (typeof value === 'string' || typeof value === 'object') {
      throw new BadRequest('Only numbers can be added up')
    }
    return Number(value)
  })
}

/** 64-bit whole numbers are added up without loss. */
function total(values: readonly Stat['value'][]): number | bigint {
  const bigs = values.filter((value) => typeof value === 'bigint')
  if (bigs.length === values.length) return bigs.reduce((sum, value) => sum + value, 0n)
  return numbers(values).reduce((sum, value) => sum + value, 0)
}

function least(values: readonly Stat['value'][]): Stat['value'] {
  if (values.length === 0) throw new BadRequest('There is nothing of which one is the least')
  return values.reduce((one, other) => (other < one ? other : one))
}

function mean(values: readonly number[]): number {
  if (values.length === 0) throw new BadRequest('There is nothing to average')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
