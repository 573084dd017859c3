-- Deletes what a session reported from a stock table, whose rows name it in their resource as the views read it:
-- wayward.session.id, else service.instance.id, else service, host and process.
-- service, session: whose rows go.
ALTER TABLE {table:Identifier} DELETE
WHERE ServiceName = {service:String}
  AND multiIf(
    ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
    ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
    concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
  ) = {session:String}
SETTINGS mutations_sync = 2
