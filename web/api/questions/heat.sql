-- Question: When did spans take how long?
--
-- Parameters:
--   from         DateTime64(9)  first moment of the window
--   to           DateTime64(9)  first moment after the window; spans that began in the window count
--   service      String         only this service, empty for all
--   name         String         only spans with this name, empty for all
--   status       String         Unset, Ok or Error, empty for all
--   longer_than  UInt64         only spans that took at least so many nanoseconds
--   key          String         only spans with this attribute, empty for all
--   value        String         of this value
--   from_ns      Int64          from, in nanoseconds since 1970
--   step_ns      Int64          length of a bucket in nanoseconds
--
-- Headline, the columns of a table, the last left out first:
--   at, shortest_ns, spans, errors
--
-- Output, one row per bucket of time and length; two lengths for each doubling:
--   at           time         when the bucket begins
--   bucket       count        its number, from 0
--   shortest_ns  duration ns  the shortest that counts here
--   longest_ns   duration ns  the first that does not
--   spans        count        spans
--   errors       count        of these, with status Error
SELECT
  fromUnixTimestamp64Nano({from_ns:Int64} + bucket * {step_ns:Int64}, 'UTC') AS at,
  intDiv(toUnixTimestamp64Nano(Timestamp) - {from_ns:Int64}, {step_ns:Int64}) AS bucket,
  exp2(step / 2) AS shortest_ns,
  exp2((step + 1) / 2) AS longest_ns,
  count() AS spans,
  countIf(StatusCode = 'Error') AS errors
FROM otel_traces
WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND ({name:String} = '' OR SpanName = {name:String})
  AND ({status:String} = '' OR StatusCode = {status:String})
  AND Duration >= {longer_than:UInt64}
  AND ({key:String} = '' OR (mapContains(SpanAttributes, {key:String}) AND SpanAttributes[{key:String}] = {value:String}))
GROUP BY bucket, toInt32(floor(log2(greatest(Duration, 1)) * 2)) AS step
ORDER BY bucket, shortest_ns
