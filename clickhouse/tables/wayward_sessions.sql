-- One row per reporting session, that is, per run of a process: who it is, when it reported, how much, and what was lost.
-- Filled by every insert of spans and logs; rows of one session are merged in the background, so ask with GROUP BY or FINAL.
-- A process without wayward.session.id gets a session from service.instance.id, else from service, host and process.
--
-- ORDER BY      identity of the session, which is also what merges.
-- PARTITION BY  none: a session may last for days and is still one row; there are few.
-- CODEC         ZSTD; the table is small.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_sessions
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session String COMMENT 'wayward.session.id, else service.instance.id, else service@host:pid' CODEC(ZSTD(1)),
  session_name SimpleAggregateFunction(max, String) COMMENT 'Name that a person gave to the run (wayward.session.name)' CODEC(ZSTD(1)),
  instance_id SimpleAggregateFunction(max, String) COMMENT 'service.instance.id' CODEC(ZSTD(1)),
  service_version SimpleAggregateFunction(max, String) COMMENT 'service.version' CODEC(ZSTD(1)),
  host_name SimpleAggregateFunction(max, String) COMMENT 'host.name' CODEC(ZSTD(1)),
  process_pid SimpleAggregateFunction(max, UInt64) COMMENT 'process.pid, 0 unknown' CODEC(ZSTD(1)),
  runtime_name SimpleAggregateFunction(max, String) COMMENT 'process.runtime.name' CODEC(ZSTD(1)),
  runtime_version SimpleAggregateFunction(max, String) COMMENT 'process.runtime.version' CODEC(ZSTD(1)),
  first_at SimpleAggregateFunction(min, DateTime64(9, 'UTC')) COMMENT 'Earliest start of a span or time of a log record, UTC' CODEC(ZSTD(1)),
  last_at SimpleAggregateFunction(max, DateTime64(9, 'UTC')) COMMENT 'Latest end of a span or time of a log record, UTC' CODEC(ZSTD(1)),
  spans SimpleAggregateFunction(sum, UInt64) COMMENT 'Spans stored' CODEC(ZSTD(1)),
  span_errors SimpleAggregateFunction(sum, UInt64) COMMENT 'Spans stored whose status is Error' CODEC(ZSTD(1)),
  logs SimpleAggregateFunction(sum, UInt64) COMMENT 'Log records and events stored' CODEC(ZSTD(1)),
  dropped SimpleAggregateFunction(sum, UInt64) COMMENT 'Spans and events that the process says it dropped (wayward.events.dropped.count)' CODEC(ZSTD(1)),
  uptime_ns SimpleAggregateFunction(max, UInt64) COMMENT 'Age of the session by its monotonic clock, nanoseconds, when it last said so, 0 never (wayward.session.uptime)' CODEC(ZSTD(1)),
  clock_at SimpleAggregateFunction(max, DateTime64(9, 'UTC')) COMMENT 'Latest event wayward.clock.step, UTC: only where the wall clock was set meanwhile, else 1970' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (service, session)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000
