// Patterns of file names: `*`, `?` and `[a-z]` within a part of a path, as the original's.
import { existsSync, readdirSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { defaultGlobs } from '../file/file-name.ts'

const wildcard = /[*?[]/

/** The files for names and patterns, each once; none stands for the usual places. */
export function expandFiles(files: readonly string[]): readonly string[] {
  const patterns = files.length === 0 ? defaultGlobs() : files
  return [...new Set(patterns.flatMap((pattern) => expandGlob(pattern)))]
}

/** The files that a pattern stands for; a name without a wildcard stands for itself. */
export function expandGlob(pattern: string): readonly string[] {
  if (!wildcard.test(pattern) || existsSync(pattern)) return [pattern]
  const parts = pattern.split('/')
  const start = isAbsolute(pattern) ? '/' : ''
  return parts
    .filter((part) => part !== '')
    .reduce<string[]>((folders, part) => folders.flatMap((folder) => step(folder, part)), [start])
    .toSorted()
}

function step(folder: string, part: string): string[] {
  if (!wildcard.test(part)) {
    const path = join(folder, part)
    return existsSync(path) ? [path] : []
  }
  const isMatch = globMatcher(part)
  try {
    return readdirSync(folder === '' ? '.' : folder)
      .filter((name) => part.startsWith('.') || !name.startsWith('.'))
      .filter(isMatch)
      .map((name) => join(folder, name))
  } catch {
    // Not a folder, or not ours to read: it has no such file.
    return []
  }
}

/** Tells which names a pattern without slashes stands for. */
export function globMatcher(pattern: string): (name: string) => boolean {
  const source = pattern.replaceAll(
    /\[(!?)([^\]]+)\]|\*|\?|[.+^${}()|\\[\]]/g,
    (found: string, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`
      if (found === '*') return '[^/]*'
      return found === '?' ? '[^/]' : `\\${found}`
    },
  )
  const expression = new RegExp(`^${source}$`, 's')
  return (name) => expression.test(name)
}
