// Whose a row of a stock table is, as the views of the sessions have it.
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_WAYWARD_SESSION_ID,
} from '@wayward/semconv'

const [id, instance, host, pid] = [
  ATTR_WAYWARD_SESSION_ID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
].map((name) => `ResourceAttributes['${name}']`)

/** A condition with the parameters `service` and `session`. */
export const isOfSession = `ServiceName = {service:String} AND multiIf(${id} != '', ${id},
    ${instance} != '', ${instance}, concat(ServiceName, '@', ${host}, ':', ${pid})) = {session:String}`
