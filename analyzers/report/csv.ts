/** One CSV line as RFC 4180 has it. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvValue).join(',')}\n`
}

function csvValue(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
