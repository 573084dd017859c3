-- See 0001-otel-traces-deduplication.sql; views pass the token on to their tables.
ALTER TABLE otel_traces_trace_id_ts MODIFY SETTING non_replicated_deduplication_window = 10000
