-- Jobs that are reported over HTTP, each as it is now: the newest version counts (ask with FINAL). The collector writes it
-- together with the change that made it, so that a start goes on where the last run stopped.
--
-- ORDER BY      identity of the job, which is also what replaces.
-- PARTITION BY  none: there are as many rows as jobs.
-- CODEC         ZSTD for texts, DoubleDelta for times.
-- TTL           none.
CREATE TABLE IF NOT EXISTS wayward_job_states
(
  service LowCardinality(String) COMMENT 'service.name of its runs' CODEC(ZSTD(1)),
  job_name String COMMENT 'Name of the job' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'Number of its last change (wayward_job_changes.sequence)' CODEC(ZSTD(1)),
  changed_at DateTime64(3, 'UTC') COMMENT 'When it last changed, UTC' CODEC(DoubleDelta, ZSTD(1)),
  status LowCardinality(String) COMMENT 'new, up, running, late, failing, down or paused' CODEC(ZSTD(1)),
  since DateTime64(3, 'UTC') COMMENT 'Since when, UTC' CODEC(DoubleDelta, ZSTD(1)),
  next_due_at DateTime64(3, 'UTC') COMMENT 'When a run is due that has not come, UTC, 1970 none' CODEC(DoubleDelta, ZSTD(1)),
  state String COMMENT 'All that is known of it, JSON, for the collector' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (service, job_name)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000
