// What a decoder takes from a request. An item or a request over a limit is refused with a message
// that names it.
import { defaultsOf, type Limit, type LimitValues } from '@wayward/base'

const dayMs = 24 * 60 * 60 * 1000
const mebibyte = 1024 * 1024

/** The limits of what is in a request. */
export const decodeLimits = {
  attributesMax: {
    default: 1024,
    unit: 'count',
    text: 'Attributes of one span, span event, link, log record, data point, exemplar, resource or scope',
    setting: { min: 1, max: 65_536 },
  },
  eventsMax: {
    default: 1024,
    unit: 'count',
    text: 'Events of one span',
    setting: { min: 1, max: 65_536 },
  },
  linksMax: {
    default: 1024,
    unit: 'count',
    text: 'Links of one span',
    setting: { min: 1, max: 65_536 },
  },
  exemplarsMax: {
    default: 1024,
    unit: 'count',
    text: 'Exemplars of one data point',
    setting: { min: 1, max: 65_536 },
  },
  bucketsMax: {
    default: 4096,
    unit: 'count',
    text: "Buckets of one histogram's data point; of an exponential one, on either side of zero",
  },
  quantilesMax: {
    default: 1024,
    unit: 'count',
    text: "Quantiles of one summary's data point",
  },
  nestingMax: {
    default: 32,
    unit: 'count',
    text: 'Depth of arrays and key-value lists within one value; a plain value has depth 0',
  },
  nestedValuesMax: {
    default: 65_536,
    unit: 'count',
    text: 'Values within one array or key-value list, at all depths',
  },
  jsonNestingMax: {
    default: 256,
    unit: 'count',
    text: 'Depth of objects and arrays of a JSON request, those of ignored fields included',
  },
  futureMsMax: {
    default: dayMs,
    unit: 'ms',
    text: "How far a time may lie ahead of the collector's clock",
    setting: { min: 1, max: 366 * dayMs },
  },
  daysMax: {
    default: 100,
    unit: 'count',
    text: 'Different days in one request: ClickHouse writes a part for each, at some milliseconds',
    setting: { min: 1, max: 10_000 },
  },
  rowBytesMax: {
    default: 192 * mebibyte,
    unit: 'bytes',
    text: 'Bytes of the rows of one request; with what is in the block already an insert must carry it',
  },
  copiedBytesMax: {
    default: 128 * mebibyte,
    unit: 'bytes',
    text: "Bytes of resources, scopes and metrics' texts that one request may have copied into its rows. Without it a few megabytes of one resource over many tiny spans would become terabytes of rows",
  },
  messageBytesMax: {
    default: 1024,
    unit: 'bytes',
    text: 'Bytes of the message about rejected items',
  },
} satisfies Record<string, Limit>

/** The values of the bounds of one request and its items. */
export interface DecodeLimits extends LimitValues<typeof decodeLimits> {}

/** The bounds where nobody has set them. */
export const defaultDecodeLimits: DecodeLimits = defaultsOf(decodeLimits)
