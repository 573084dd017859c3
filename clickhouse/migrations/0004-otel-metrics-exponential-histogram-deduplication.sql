-- See 0001-otel-traces-deduplication.sql.
ALTER TABLE otel_metrics_exponential_histogram MODIFY SETTING non_replicated_deduplication_window = 10000
