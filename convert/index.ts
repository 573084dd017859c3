// The door of conversions.
export {
  type ArchivedSession,
  type ArchiveEnd,
  type ArchiveHead,
  ArchiveError,
  type Counts,
} from './archive.ts'
export { countStored, exportSessions, findSessions } from './exports/session-archive.ts'
export {
  type ArchivedRequest,
  readArchive,
  readHead,
  verifyArchive,
} from './imports/session-archive.ts'
export { paceOf, shiftTimes } from './imports/replay.ts'
export { type EncodedRequest, type FlightRequests, flightRequests } from './imports/flight.ts'
export { type Imported, importArchive, type Taken } from './imports/import-archive.ts'
