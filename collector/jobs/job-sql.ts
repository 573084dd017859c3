// The statements of the ClickHouse store of jobs, read once.
import { readFile } from 'node:fs/promises'

export const statesSql = statement('states')
export const runsSql = statement('runs')
export const changesSql = statement('changes')
export const marksSql = statement('marks')

function statement(name: string): () => Promise<string> {
  let text: Promise<string> | undefined
  return () => (text ??= readFile(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8'))
}
