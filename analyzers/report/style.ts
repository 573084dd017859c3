// Colour is an addition, never the only bearer of a meaning, and only for terminals.

export interface Style {
  bold(text: string): string
  dim(text: string): string
  /** By severity from 0 to 100. */
  severity(text: string, severity: number): string
}

/** Where severities begin to be called high and medium. */
export const severityBounds = { high: 70, medium: 40 } as const

export function createStyle(isColoured: boolean): Style {
  const paint = (code: string) => (text: string) =>
    isColoured && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  const [red, yellow, cyan] = [paint('1;31'), paint('1;33'), paint('36')]
  return {
    bold: paint('1'),
    dim: paint('2'),
    severity(text, severity) {
      if (severity >= severityBounds.high) return red(text)
      return severity >= severityBounds.medium ? yellow(text) : cyan(text)
    },
  }
}
