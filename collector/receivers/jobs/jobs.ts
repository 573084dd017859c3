// The receiver of job runs over plain HTTP. It has no listener of its own: its addresses stand at
// the API's and at OTLP/HTTP's.
import {
  type Access,
  type ByteBudget,
  type Exchange,
  pathOf,
  type Reply,
  type Route,
} from '@wayward/base'
import type { Sender } from '../../consumer.ts'
import type { CollectorLimits } from '../../limits.ts'
import { jobsReceiver } from '../../listeners.ts'
import { countRequest, type Telemetry } from '../../telemetry/telemetry.ts'
import { createBadgeRoutes } from './badges.ts'
import { createCronitorRoutes } from './cronitor.ts'
import { createPingRoutes } from './healthchecks.ts'
import type { JobDesk } from './job-desk.ts'
import { JobProblem } from './job-problem.ts'
import { createJobRoutes } from './jobs-api.ts'
import { createRunRoutes } from './runs-api.ts'
import { createSentryRoutes } from './sentry.ts'

export interface JobReceiverParts {
  readonly desk: JobDesk
  readonly access: Access
  readonly limits: CollectorLimits
  readonly requestBytes: ByteBudget
  readonly telemetry: Telemetry
}

/** The addresses at which jobs are reported and asked for. */
export function createJobReceiverRoutes(parts: JobReceiverParts): readonly Route[] {
  const routes = [
    ...createJobRoutes(parts),
    ...createRunRoutes(parts),
    ...createBadgeRoutes(parts),
    ...createPingRoutes(parts),
    ...createCronitorRoutes(parts),
    ...createSentryRoutes(parts),
  ]
  return routes.map((route) => ({
    ...route,
    handle: (exchange: Exchange) => answer(route, exchange, parts),
  }))
}

/** The answer of a route, or what is wrong with the request, counted, and in the words of there. */
async function answer(
  route: Route,
  exchange: Exchange,
  { telemetry }: JobReceiverParts,
): Promise<Reply> {
  try {
    const reply = (await route.handle(exchange)) as Reply
    return { ...reply, headers: { ...reply.headers, 'Cache-Control': 'no-store' } }
  } catch (error) {
    if (!(error instanceof JobProblem)) throw error
    const { message } = error
    countRequest(telemetry, senderOf(exchange), undefined, error.countedAs, { message })
    const isText = /^\/(?:ping|p)\//.test(pathOf(exchange.request))
    return isText ? error.toTextReply() : error.toReply()
  }
}

function senderOf({ authorization, request }: Exchange): Sender {
  return {
    receiver: jobsReceiver,
    address: request.socket.remoteAddress ?? '',
    agent: request.headers['user-agent'] ?? '',
    identity: authorization.status === 'allowed' ? authorization.identity : '',
  }
}
