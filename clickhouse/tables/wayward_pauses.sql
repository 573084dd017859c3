-- Stretches of time in which nothing went on in a thread: garbage collections, a blocked event loop, a machine that slept. One row
-- each; only those above the thresholds of the SDK are reported.
--
-- ORDER BY      the question is what stopped a process while something of it was late.
-- PARTITION BY  day of the start, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times, which grow within a session; T64 drops the unused high bits of durations and numbers.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_pauses
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  cause LowCardinality(String) COMMENT 'garbage_collection, eventloop_stall or machine_sleep (wayward.pause.cause)' CODEC(ZSTD(1)),
  gc_type LowCardinality(String) COMMENT 'minor, major, incremental or weakcb where garbage was collected, else empty (v8js.gc.type)' CODEC(ZSTD(1)),
  paused_at DateTime64(9, 'UTC') COMMENT 'When it began, UTC' CODEC(Delta(8), ZSTD(1)),
  pause_ns UInt64 COMMENT 'How long it was, nanoseconds' CODEC(T64, ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id); a machine sleeps with all of them' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
  trace_id String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(paused_at)
ORDER BY (service, session, paused_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
