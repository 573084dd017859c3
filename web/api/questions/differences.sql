-- Question: What do spans of these times and lengths have that the others have not?
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
--   from_ns      Int64          when the chosen spans begin, in nanoseconds since 1970
--   to_ns        Int64          the first moment after that
--   shortest_ns  UInt64         the shortest of them
--   longest_ns   UInt64         the first length that is too long
--   limit        UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   key, value, share, share_of_others, spans
--
-- Output, one row per attribute and value, what differs most first, of at most 100,000 spans:
--   key              text      span name, service, status or an attribute
--   value            text      its value
--   spans            count     chosen spans that have it
--   others           count     other spans that have it
--   share            fraction  spans of all chosen ones
--   share_of_others  fraction  others of all others
WITH
  found AS
  (
    SELECT
      toUnixTimestamp64Nano(Timestamp) >= {from_ns:Int64} AND toUnixTimestamp64Nano(Timestamp) < {to_ns:Int64}
        AND Duration >= {shortest_ns:UInt64} AND Duration < {longest_ns:UInt64} AS is_chosen,
      arrayConcat(
        [('name', toString(SpanName)), ('service', toString(ServiceName)), ('status', toString(StatusCode))],
        arrayMap((k, v) -> (toString(k), leftUTF8(v, 200)), mapKeys(SpanAttributes), mapValues(SpanAttributes))) AS pairs
    FROM otel_traces
    WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR ServiceName = {service:String})
    AND ({name:String} = '' OR SpanName = {name:String})
    AND ({status:String} = '' OR StatusCode = {status:String})
    AND Duration >= {longer_than:UInt64}
    AND ({key:String} = '' OR (mapContains(SpanAttributes, {key:String}) AND SpanAttributes[{key:String}] = {value:String}))
    ORDER BY is_chosen DESC
    LIMIT 100000
  ),
  (SELECT (countIf(is_chosen), countIf(NOT is_chosen)) FROM found) AS sums
SELECT
  pair.1 AS key,
  pair.2 AS value,
  countIf(is_chosen) AS spans,
  countIf(NOT is_chosen) AS others,
  spans / greatest(sums.1, 1) AS share,
  others / greatest(sums.2, 1) AS share_of_others
FROM found
ARRAY JOIN pairs AS pair
GROUP BY key, value
HAVING spans > 0
ORDER BY abs(share - share_of_others) DESC, key, value
LIMIT {limit:UInt64}
