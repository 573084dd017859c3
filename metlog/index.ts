// The door of the client.
export {
  type Decorator,
  type DecoratorMaker,
  type DecoratorOptions,
  incrCount,
  timeit,
} from './client/decorators.ts'
export {
  type ClientHolder,
  clientHolder,
  createClientHolder,
  type GlobalConfig,
  metlogClient,
} from './client/holder.ts'
export { dropsType } from './client/loss-teller.ts'
export type {
  ClientCounts,
  MessageFlavor,
  MessageOptions,
  MetlogClientSettings,
  MetricOptions,
} from './client/client-settings.ts'
export { createMetlogClient, type MetlogClient } from './client/metlog-client.ts'
export type { ControlSettings } from './control/control-settings.ts'
export type { AnyFunction, Timer } from './client/timer.ts'
export {
  createEncoder,
  type EncodingSettings,
  type MessageEncoder,
  type MessageFormat,
} from './envelope/encoder.ts'
export type { SignatureHash, Signing } from './envelope/frame.ts'
export { envelopeVersion, type MetlogMessage, severity } from './envelope/message.ts'
export type { TimePrecision } from './envelope/timestamp.ts'
export {
  type MetlogFilter,
  severityMaxFilter,
  typeBlacklistFilter,
  typeSeverityMaxFilter,
  typeWhitelistFilter,
} from './filters/filters.ts'
export { type CaptureSender, createCaptureSender } from './senders/capture.ts'
export { createFileSender, type FileSettings } from './senders/file.ts'
export { createNoSender } from './senders/none.ts'
export type { DropCounts, MetlogSender } from './senders/sender.ts'
export {
  createStdoutSender,
  createStreamSender,
  indentedFormatter,
  type MessageFormatter,
  type StreamSettings,
} from './senders/stream.ts'
export { createUdpSender, type UdpSettings } from './senders/udp.ts'
export { createRaven, type Raven, type RavenOptions, type RavenSettings } from './plugins/raven.ts'
export {
  type Cef,
  type CefOptions,
  type CefSettings,
  cefSignature,
  createCef,
} from './plugins/cef.ts'
export { createProcinfo, type Procinfo, type ProcinfoOptions } from './plugins/procinfo.ts'
export { createOtlpSender, type OtlpSettings } from './senders/otlp.ts'
export { createZeroMqSender, type ZeroMqSettings } from './senders/zeromq.ts'
export {
  createLoggerSender,
  type LevelLogger,
  type LoggerSenderSettings,
} from './bridges/logger-sender.ts'
export { createPinoStream, createWinstonTransport, hookConsole } from './bridges/logger-input.ts'
export {
  clientFromConfig,
  clientFromIni,
  clientFromJson,
  clientFromYaml,
  type ConfigurationOptions,
  type MetlogConfig,
  type ProviderOptions,
} from './configuration/configuration.ts'
export { MetlogConfigurationError } from './configuration/ini.ts'
export type { Plugin, Provider } from './configuration/providers.ts'
