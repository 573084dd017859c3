// The published door of @wayward/record.
export {
  AreaReader,
  countRecorded,
  countUnread,
  itemIdOf,
  type LossCount,
  type OpenSlot,
  type RecordView,
  sequenceOf,
  textOf,
} from './area-reader.ts'
export { type CallSite, parseSite, textOfSite, writeSite } from './call-site.ts'
export {
  encodeEnded,
  encodeEvent,
  encodeLoss,
  encodeOpen,
  type EventFacts,
  type LossFacts,
  toRfc3339,
} from './event-encoder.ts'
export {
  areasOfFlight,
  createFlight,
  type Flight,
  flightBytes,
  FlightError,
  type FlightHead,
  flightLife,
  type FlightMode,
  type FlightThread,
  processStartOf,
  readFlight,
} from './flight-file.ts'
export {
  type Area,
  areaBytes,
  areaCell,
  areaCount,
  areaOf,
  type Areas,
  areasBytes,
  areaState,
  cell,
  chainSeparator,
  countsAt,
  createMemory,
  detailBytesMax,
  endedCountsAt,
  flag,
  layoutVersion,
  lossesAt,
  lossFigures,
  lossReason,
  lossReasonCount,
  type Memory,
  number,
  openMax,
  openMemory,
  openOfKindLeast,
  partsInUse,
  processCell,
  recordKind,
  recordKinds,
  type RecordPlace,
  ringPlace,
  ringUnits,
  slotCount,
  slotNumbers,
  takeArea,
  unitNumbers,
} from './layout.ts'
export { AttributeKey, type AttributeValue, AttributeWriter, writeTime } from './otlp-writing.ts'
export { RequestWriter } from './otlp-request.ts'
export { RecordEncoder } from './record-encoder.ts'
export { factsOf, type RecordFacts } from './record-facts.ts'
export { TextReader, TextWriter } from './texts.ts'
