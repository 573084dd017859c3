// Numbers as people read them: three significant digits and a unit.

const nsUnits = [
  { unit: 's', ns: 1e9 },
  { unit: 'ms', ns: 1e6 },
  { unit: 'µs', ns: 1e3 },
  { unit: 'ns', ns: 1 },
] as const

/** `1.24 s`, `350 µs`, `2 min 5 s`, `3 h 20 min`. */
export function formatDuration(ns: number): string {
  if (!Number.isFinite(ns)) return '–'
  if (ns < 0) return `-${formatDuration(-ns)}`
  if (ns >= 120e9) return formatLong(Math.round(ns / 1e9))
  for (const { unit, ns: size } of nsUnits) {
    // 999.6 ms is 1 s, not 1000 ms: what rounds up to 1,000 belongs to the next unit.
    if (ns >= size * 0.9995 || unit === 'ns') {
      return `${size === 1 ? Math.round(ns) : threeDigits(ns / size)} ${unit}`
    }
  }
  return `${ns} ns`
}

function formatLong(seconds: number): string {
  const units = [
    { unit: 'd', seconds: 86_400 },
    { unit: 'h', seconds: 3600 },
    { unit: 'min', seconds: 60 },
    { unit: 's', seconds: 1 },
  ]
  const first = units.findIndex((one) => seconds >= one.seconds)
  const [large, small] = units.slice(first)
  if (large === undefined || small === undefined) return `${seconds} s`
  const count = Math.floor(seconds / large.seconds)
  const rest = Math.floor((seconds - count * large.seconds) / small.seconds)
  return rest === 0 ? `${count} ${large.unit}` : `${count} ${large.unit} ${rest} ${small.unit}`
}

function threeDigits(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** `12.5 MiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–'
  if (Math.abs(bytes) < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes / 1024
  let index = 0
  while (Math.abs(value) >= 1024 && index < units.length - 1) {
    value /= 1024
    index++
  }
  return `${threeDigits(value)} ${units[index] ?? ''}`
}

/** `1,234,567`, or three digits of a fraction. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Number.isInteger(value)) return value.toLocaleString('en-US')
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

/** `34.5 %` of a share between 0 and 1. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return '–'
  const percent = share * 100
  return `${percent >= 99.95 || percent === 0 ? percent.toFixed(0) : percent.toFixed(percent < 10 ? 1 : 0)} %`
}
