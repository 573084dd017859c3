// Patterns of file names: `*`, `?` and `[a-z]` within a part of a path, as the original's.
import { existsSync, readdirSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { defaultGlobs } from '../file/file-name.ts'

const wildcard = /[*?[]/

/** A file that was asked for. */
export interface FoundFile {
  readonly path: string
  /** The folder that a pattern looks in, which its files may not leave; of a name undefined. */
  readonly within: string | undefined
}

/** The files for names and patterns, each once; none stands for the usual places. */
export function findFiles(files: readonly string[]): readonly FoundFile[] {
  const patterns = files.length === 0 ? defaultGlobs() : files
  const found = new Map<string, FoundFile>()
  for (const pattern of patterns) {
    const paths = expandGlob(pattern)
    const isName = paths.length === 1 && paths[0] === pattern
    const within = isName ? undefined : folderOf(pattern)
    for (const path of paths) if (!found.has(path)) found.set(path, { path, within })
  }
  return [...found.values()]
}

/** What stands before the first wildcard of a pattern. */
function folderOf(pattern: string): string {
  const parts = pattern.split('/')
  const fixed = parts.slice(
    0,
    parts.findIndex((part) => wildcard.test(part)),
  )
  return fixed.join('/') || (isAbsolute(pattern) ? '/' : '.')
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

type Token = 'any' | ((character: string) => boolean)

/**
 * Tells which names a pattern without slashes stands for. Not by a regular expression: a pattern
 * with many stars, which may come from a request, would keep one busy for hours.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  const tokens = tokensOf(Array.from(pattern))
  return (name) => isMatching(tokens, Array.from(name))
}

function tokensOf(pattern: readonly string[]): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ''
    // A bracket that is not closed stands for itself; the first in brackets does not close them.
    const first = pattern[at + 1] === '!' ? at + 2 : at + 1
    const close = character === '[' ? pattern.indexOf(']', first + 1) : -1
    if (close >= 0) {
      tokens.push(setOf(pattern.slice(first, close), first > at + 1))
      at = close
    } else if (character === '*') tokens.push('any')
    else if (character === '?') tokens.push(() => true)
    else tokens.push((one) => one === character)
  }
  return tokens
}

function setOf(members: readonly string[], isNegated: boolean): Token {
  return (character) => {
    for (let at = 0; at < members.length; at++) {
      const low = members[at] ?? ''
      const isRange = members[at + 1] === '-' && at + 2 < members.length
      const high = isRange ? (members[at + 2] ?? '') : low
      if (isRange) at += 2
      if (low <= character && character <= high) return !isNegated
    }
    return isNegated
  }
}

/** Goes back to the last star only, which is enough: at most pattern times name steps. */
function isMatching(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < name.length) {
    const now = tokens[token]
    if (now === 'any') {
      star = token++
      starAt = at
    } else if (now?.(name[at] ?? '') === true) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  while (tokens[token] === 'any') token++
  return token === tokens.length
}
