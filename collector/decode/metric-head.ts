import { clearRange, type Range } from './request-reader.ts'

/** What a metric says of all its points. */
export class MetricHead {
  readonly name: Range = { start: 0, end: 0 }
  readonly description: Range = { start: 0, end: 0 }
  readonly unit: Range = { start: 0, end: 0 }
  temporality = 0
  isMonotonic = false

  clear(): void {
    clearRange(this.name)
    clearRange(this.description)
    clearRange(this.unit)
    this.clearAggregation()
  }

  clearAggregation(): void {
    this.temporality = 0
    this.isMonotonic = false
  }

  get bytes(): number {
    const { name, description, unit } = this
    return name.end - name.start + description.end - description.start + unit.end - unit.start
  }
}
