-- A table made by the stock exporter before v0.151 may lack the event name, which views read.
ALTER TABLE otel_logs ADD COLUMN IF NOT EXISTS EventName String COMMENT 'Name of the event, empty for a plain log record' CODEC(ZSTD(1))
