-- The stock exporter's table of exponential histograms has this name; Wayward had the one of a stale line in its README.
-- The rows stay, and with them what the table remembers of its last inserts.
RENAME TABLE IF EXISTS otel_metrics_exp_histogram TO otel_metrics_exponential_histogram
