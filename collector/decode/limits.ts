/**
 * What a decoder takes from a request. An item or a request over a limit is refused with a message
 * that names it.
 */
export interface DecodeLimits {
  /** Attributes of one span, span event, link, log record, data point, exemplar, resource or scope. */
  readonly attributesMax: number
  /** Events of one span. */
  readonly eventsMax: number
  /** Links of one span. */
  readonly linksMax: number
  /** Exemplars of one data point. */
  readonly exemplarsMax: number
  /** Buckets of one histogram's data point; of an exponential one, on either side of zero. */
  readonly bucketsMax: number
  /** Quantiles of one summary's data point. */
  readonly quantilesMax: number
  /** Depth of arrays and key-value lists within one value; a plain value has depth 0. */
  readonly nestingMax: number
  /** Values within one array or key-value list, at all depths. */
  readonly nestedValuesMax: number
  /** Depth of objects and arrays of a JSON request, those of ignored fields included. */
  readonly jsonNestingMax: number
  /** How far a time may lie ahead of the collector's clock, in milliseconds. */
  readonly futureMsMax: number
  /** Different days in one request: ClickHouse writes a part for each, at some milliseconds. */
  readonly daysMax: number
  /** Bytes of the rows of one request; with what is in the block already an insert must carry it. */
  readonly rowBytesMax: number
  /**
   * Bytes of resources, scopes and metrics' texts that one request may have copied into its rows.
   * Without it a few megabytes of one resource over many tiny spans would become terabytes of rows.
   */
  readonly copiedBytesMax: number
  /** Bytes of the message about rejected items. */
  readonly messageBytesMax: number
}

export const defaultDecodeLimits: DecodeLimits = {
  attributesMax: 1024,
  eventsMax: 1024,
  linksMax: 1024,
  exemplarsMax: 1024,
  bucketsMax: 4096,
  quantilesMax: 1024,
  nestingMax: 32,
  nestedValuesMax: 65_536,
  jsonNestingMax: 256,
  futureMsMax: 24 * 60 * 60 * 1000,
  daysMax: 400,
  rowBytesMax: 192 * 1024 * 1024,
  copiedBytesMax: 128 * 1024 * 1024,
  messageBytesMax: 1024,
}
