-- A table made by the stock exporter has no deduplication window, so a repeated insert would count twice.
ALTER TABLE otel_traces MODIFY SETTING non_replicated_deduplication_window = 10000
