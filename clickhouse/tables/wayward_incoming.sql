-- The spans that carry wayward.kind, on their way to the tables of their kind. Keeps nothing (engine Null).
--
-- Why it exists: each view on otel_traces looks at every span. With this table one view asks one question of a span of
-- somebody else's service, and the views of the kinds see only what is theirs. It is also the door for a backfill:
-- INSERT INTO wayward_incoming SELECT ... fills all of them from rows that were there before.
--
-- ORDER BY, PARTITION BY, CODEC, TTL: none, nothing is stored.
CREATE TABLE IF NOT EXISTS wayward_incoming
(
  service LowCardinality(String) COMMENT 'service.name of the resource',
  session String COMMENT 'One run of the reporting process; see wayward_sessions',
  kind LowCardinality(String) COMMENT 'wayward.kind',
  started_at DateTime64(9, 'UTC') COMMENT 'Start of the span, UTC',
  duration_ns UInt64 COMMENT 'End minus start, nanoseconds',
  trace_id String COMMENT 'Trace, 32 lower-case hex digits',
  span_id String COMMENT 'Span, 16 lower-case hex digits',
  parent_span_id String COMMENT 'Parent span, empty for a root',
  attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the span, values as text'
)
ENGINE = Null
