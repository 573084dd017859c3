export {
  createCollector,
  type Collector,
  type CollectorAddresses,
  type CollectorParts,
  type CollectorSettings,
} from './collector.ts'
export { CollectorError, type CollectorErrorCode } from './collector-error.ts'
export { defaultCollectorLimits, type CollectorLimits } from './limits.ts'
export type { ListenAddress } from './listen-address.ts'
