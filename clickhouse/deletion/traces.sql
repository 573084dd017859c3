-- Deletes when traces were whose spans are all of a session. Before the spans, which tell which these are.
-- service, session: whose rows go.
ALTER TABLE {table:Identifier} DELETE
WHERE TraceId IN
  (
    SELECT TraceId
    FROM otel_traces
    GROUP BY TraceId
    HAVING min(ServiceName = {service:String}
      AND multiIf(
        ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
        ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
        concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
      ) = {session:String})
  )
SETTINGS mutations_sync = 2
