-- Deletes the changes of jobs that a session reported. Before its log records, which tell which these are.
-- service, session: whose rows go.
ALTER TABLE {table:Identifier} DELETE
WHERE (service, job_name, sequence) IN
  (
    SELECT ServiceName, LogAttributes['wayward.job.name'], toUInt64OrZero(LogAttributes['wayward.job.change.sequence'])
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
