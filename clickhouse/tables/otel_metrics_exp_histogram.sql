-- The name that the table of exponential histograms had before schema 6: questions that were written for it still work.
CREATE VIEW IF NOT EXISTS otel_metrics_exp_histogram
AS SELECT
  *
FROM otel_metrics_exponential_histogram
