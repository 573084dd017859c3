// The door of the floor.
export { assert, assertDefined, AssertionError } from './assert.ts'
export { formatAddress, isHostServed, isLoopbackHost, type ListenAddress } from './address.ts'
export {
  type ByteBudget,
  createByteBudget,
  heldBytes,
  type HeldBytes,
  holdBytes,
  isCrumbled,
} from './byte-budget.ts'
export {
  type Access,
  type Authorization,
  type ConnectionAccess,
  openAccess,
} from './http/access.ts'
export {
  type BodyOutcome,
  chunksMessage,
  createHttpBodyReader,
  type HttpBodyReader,
  type HttpBodySettings,
  type InflateOutcome,
  noRoomMessage,
  noRoomRetryAfterMs,
} from './http/body.ts'
export { type ChangeAccess, createChangeAccess } from './http/change-access.ts'
export { foreignSite, forOwnSite } from './http/foreign-site.ts'
export { type ConnectionLimit, createConnectionLimit } from './http/connection-limit.ts'
export { type Cors, createCors, OriginError } from './http/cors.ts'
export {
  createDoor,
  type Door,
  type DoorLimits,
  type DoorSettings,
  type DoorTls,
} from './http/door.ts'
export {
  isRefusal,
  jsonReply,
  problemDetails,
  type Refusal,
  type RefusalCode,
  refusalStatus,
  type Reply,
  retryAfterHeader,
} from './http/reply.ts'
export { pathOf } from './http/request-path.ts'
export type { Exchange, FoundRoute, Route } from './http/route.ts'
export { listen, ListenError, type ListenErrorCode } from './listen.ts'
export { defaultsOf, type Limit, type LimitUnit, type LimitValues } from './limit.ts'
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.ts'
export {
  durationWanted,
  formatTimeNs,
  parseDurationMs,
  parseTimeNs,
  TimeTextError,
  timeWanted,
} from './time-text.ts'
export { pause, systemTime, type Time, type Timer } from './time.ts'
export { createTurns, type Turns } from './turns.ts'
