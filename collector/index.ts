export {
  createCollector,
  type Collector,
  type CollectorAddresses,
  type CollectorParts,
  type CollectorSettings,
} from './collector.ts'
export { type ChannelSettings, checkChannels } from './notices/channel-settings.ts'
export { CollectorError, type CollectorErrorCode } from './collector-error.ts'
export { decodeLimits, type DecodeLimits } from './decode/limits.ts'
export {
  checkLimits,
  collectorLimits,
  defaultCollectorLimits,
  type CollectorLimits,
} from './limits.ts'
export {
  checkMessageSettings,
  type MessageSettings,
} from './receivers/messages/message-settings.ts'
export type { CollectorInside } from './inside.ts'
export { type Explanation, explain } from './router/explanation.ts'
export { checkRouter } from './router/router.ts'
export { RouterError, type RouterSettings } from './router/router-settings.ts'
export type { RouterStats } from './router/router-stats.ts'
export { checkProtection, type ProtectionSettings } from './access/protection.ts'
export type { Durability, JournalSettings } from './journal/journal.ts'
export type { LiveItem, LiveSignal } from './live/live-item.ts'
export { JournalError } from './journal/journal-error.ts'
export type { ListenAddress } from '@wayward/base'
