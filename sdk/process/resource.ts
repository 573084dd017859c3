import { hostname } from 'node:os'
import type { Attributes } from '@opentelemetry/api'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  ATTR_HOST_ARCH,
  ATTR_HOST_NAME,
  ATTR_OS_TYPE,
  ATTR_PROCESS_COMMAND,
  ATTR_PROCESS_CREATION_TIME,
  ATTR_PROCESS_PID,
  ATTR_PROCESS_RUNTIME_NAME,
  ATTR_PROCESS_RUNTIME_VERSION,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_CLOCK_OFFSET,
  ATTR_WAYWARD_CLOCK_SOURCE,
  ATTR_WAYWARD_CLOCK_UNCERTAINTY,
  ATTR_WAYWARD_SESSION_ID,
  ATTR_WAYWARD_SESSION_NAME,
  WAYWARD_CLOCK_SOURCE_VALUE_MONOTONIC,
} from '@wayward/semconv'
import type { ProcessState } from './process-state.ts'

export interface ResourceOptions {
  readonly serviceName?: string | undefined
  readonly sessionName?: string | undefined
  readonly attributes?: Attributes | undefined
}

/**
 * Who reports: the process, the host, the runtime, the session. What the caller gives goes before
 * `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, and these before what is found out here.
 */
export function createResource(state: ProcessState, options: ResourceOptions): Resource {
  const found = resourceFromAttributes({
    [ATTR_SERVICE_INSTANCE_ID]: state.sessionId,
    [ATTR_PROCESS_PID]: process.pid,
    [ATTR_PROCESS_COMMAND]: process.argv[1] ?? process.argv0,
    [ATTR_PROCESS_CREATION_TIME]: new Date(Date.now() - process.uptime() * 1000).toISOString(),
    [ATTR_PROCESS_RUNTIME_NAME]: 'nodejs',
    [ATTR_PROCESS_RUNTIME_VERSION]: process.versions.node,
    [ATTR_HOST_NAME]: hostname(),
    [ATTR_HOST_ARCH]: process.arch === 'x64' ? 'amd64' : process.arch,
    [ATTR_OS_TYPE]: process.platform === 'win32' ? 'windows' : process.platform,
  })
  const given: Attributes = {
    ...options.attributes,
    [ATTR_WAYWARD_SESSION_ID]: state.sessionId,
    [ATTR_WAYWARD_CLOCK_SOURCE]: WAYWARD_CLOCK_SOURCE_VALUE_MONOTONIC,
    [ATTR_WAYWARD_CLOCK_OFFSET]: String(state.clock.offsetNs),
    [ATTR_WAYWARD_CLOCK_UNCERTAINTY]: state.clock.uncertaintyNs,
  }
  if (options.serviceName !== undefined) given[ATTR_SERVICE_NAME] = options.serviceName
  if (options.sessionName !== undefined) given[ATTR_WAYWARD_SESSION_NAME] = options.sessionName
  return defaultResource()
    .merge(found)
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes(given))
}
