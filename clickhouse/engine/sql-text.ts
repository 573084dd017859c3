// The engine takes settings, parameters and names only as text of statements, so this is the one
// place where values become SQL. Everything goes through these two functions.

/** A string literal. Backslash and quote are the only characters that mean something in one. */
export function quoteString(value: string): string {
  return `'${value.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replaceAll('\0', '\\0')}'`
}

/** A quoted identifier. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replace(/\\/g, '\\\\').replace(/`/g, '\\`').replaceAll('\0', '\\0')}\``
}

/** Names of settings and parameters cannot be quoted, so they must be plain words. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.$]*$/.test(name)
}

/** Of a parameter: behind `param_` it may begin with any of a word's signs. */
export function isParameterName(name: string): boolean {
  return /^[A-Za-z0-9_.$]+$/.test(name)
}
