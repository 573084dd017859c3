// The back-channel, put together: who asks, what is set, and their addresses.
import { type Access, createByteBudget, type Logger, type Route, type Time } from '@wayward/base'
import { createClientList } from '../control/client-list.ts'
import { openSettingBook } from '../control/setting-book.ts'
import type { CollectorLimits } from '../limits.ts'
import { createControlBodies, createControlRoutes } from '../receivers/control/control-routes.ts'
import { single } from '../telemetry/process-metrics.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** What it works with. */
export interface ControlServiceParts {
  /** Where settings are kept; without it they are lost at the end. */
  readonly file: string | undefined
  readonly access: Access
  readonly limits: CollectorLimits
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly time: Time
}

const bodiesInFlightMax = 64

/** @returns the routes of the back-channel */
export function createControlService(parts: ControlServiceParts): readonly Route[] {
  const { access, file, limits, logger, telemetry, time } = parts
  const { controlBodyBytesMax, controlClientsMax, controlPollMs, controlSettingsMax } = limits
  const book = openSettingBook({ file, settingsMax: controlSettingsMax, logger })
  const clients = createClientList({
    clientsMax: controlClientsMax,
    pollAfterMs: controlPollMs,
    time,
  })
  telemetry.observe(
    'controlClients',
    single(() => clients.all().length),
  )
  const budget = createByteBudget(bodiesInFlightMax * controlBodyBytesMax)
  return createControlRoutes({
    clients,
    book,
    isRestricted: access.isRestricted,
    bodies: createControlBodies(budget, controlBodyBytesMax),
    wallMs: time.wallMs,
  })
}
