import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file of bearer tokens in a temporary folder. */
export interface TokenFile {
  readonly path: string
  readonly remove: () => void
}

/** @param tokens by their names */
export function makeTokenFile(tokens: Readonly<Record<string, string>>): TokenFile {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-tokens-'))
  const path = join(folder, 'tokens')
  const lines = Object.entries(tokens).map(([name, token]) => `${name}: ${token}\n`)
  writeFileSync(path, lines.join(''), { mode: 0o600 })
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
