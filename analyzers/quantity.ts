const steps = [
  { unit: 's', ns: 1e9 },
  { unit: 'ms', ns: 1e6 },
  { unit: 'µs', ns: 1e3 },
] as const

/** A duration for people: three digits and the unit that fits, minutes and hours spelled out. */
export function formatDuration(ns: number): string {
  const seconds = Math.round(ns / 1e9)
  if (seconds >= 3600)
    return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
  if (seconds >= 120) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const step = steps.find((candidate) => ns >= candidate.ns)
  return step === undefined ? `${Math.round(ns)} ns` : `${threeDigits(ns / step.ns)} ${step.unit}`
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
