// The door of the floor.
export { formatAddress, isHostServed, isLoopbackHost, type ListenAddress } from './address.ts'
export { type ConnectionLimit, createConnectionLimit } from './http/connection-limit.ts'
export { type HttpConnectionLimits, limitHttpConnections } from './http/http-connection-limit.ts'
export { pathOf } from './http/request-path.ts'
export { defaultsOf, type Limit, type LimitUnit, type LimitValues } from './limit.ts'
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.ts'
