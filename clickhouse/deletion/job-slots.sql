-- Deletes what a session reported of the times at which jobs were due. Before its log records, which tell which these are.
-- service, session: whose rows go.
ALTER TABLE {table:Identifier} DELETE
WHERE (service, job_name, due_at) IN
  (
    SELECT ServiceName, LogAttributes['wayward.job.name'], parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.due_time'], 9, 'UTC')
    FROM otel_logs
    WHERE EventName = 'wayward.job.change'
      AND ServiceName = {service:String}
      AND multiIf(
        ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
        ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
        concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
      ) = {session:String}
  )
SETTINGS mutations_sync = 2
