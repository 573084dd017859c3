-- Module: The session of a row of a stock table, as the views of wayward_sessions know it.
(service, attributes) -> multiIf(
  attributes['wayward.session.id'] != '', attributes['wayward.session.id'],
  attributes['service.instance.id'] != '', attributes['service.instance.id'],
  concat(service, '@', attributes['host.name'], ':', attributes['process.pid']))
