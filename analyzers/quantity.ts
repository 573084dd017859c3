const steps = [
  { unit: 's', ns: 1e9 },
  { unit: 'ms', ns: 1e6 },
  { unit: 'µs', ns: 1e3 },
  { unit: 'ns', ns: 1 },
] as const

/**
 * A duration for people: three digits and the unit that fits; from two minutes on minutes, hours
 * and days, two of them. What is rounded up to the next unit is told in it: 59.6 minutes and an
 * hour are `2 h 0 min`.
 */
export function formatDuration(ns: number): string {
  const seconds = Math.round(ns / 1e9)
  const minutes = Math.round(ns / 60e9)
  const hours = Math.round(ns / 3600e9)
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  if (seconds >= 120) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  for (const { unit, ns: unitNs } of steps.toReversed()) {
    const digits = unitNs === 1 ? String(Math.round(ns)) : threeDigits(ns / unitNs)
    if (Math.abs(Number(digits)) < 1000) return `${digits} ${unit}`
  }
  return `${threeDigits(ns / 1e9)} s`
}

/** A fraction as per cent. */
export function formatFraction(fraction: number): string {
  const percent = fraction * 100
  return percent > 0 && percent < 0.1 ? 'under 0.1 %' : `${threeDigits(percent)} %`
}

/** A number with three digits, or all of those before the point. */
export function threeDigits(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}

/** `1 hold`, `2 holds`; the form for many where it is not with an `s`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
}
