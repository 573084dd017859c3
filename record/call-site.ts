// A place in the code, as one text: function, file and line.

/** A place in the code. */
export interface CallSite {
  readonly functionName: string
  readonly file: string
  readonly line: number
}

const separator = '\t'

/** As it is recorded. */
export function writeSite({ functionName, file, line }: CallSite): string {
  return [functionName, file, line].join(separator)
}

/** @returns undefined for the text of no place */
export function parseSite(text: string): CallSite | undefined {
  const [functionName, file, line] = text.split(separator)
  if (functionName === undefined || file === undefined || line === undefined) return undefined
  return { functionName, file, line: Number(line) }
}

/** As people read it. */
export function textOfSite(text: string): string {
  const site = parseSite(text)
  if (site === undefined) return ''
  const place = `${site.file}:${site.line}`
  return site.functionName === '' ? place : `${site.functionName} (${place})`
}
