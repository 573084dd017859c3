// Asks the API of a service.
import type { docsPages } from '../command-error.ts'
import {
  askService,
  readJson,
  type ServiceRequest,
  type ServiceSettings,
} from '../service-request.ts'

const timeoutMs = 30_000

/** What is asked for besides a page. */
export interface ApiRequest {
  /** @default 'GET' */
  readonly method?: ServiceRequest['method']
  readonly body?: unknown
  /** Where the errors send people. @default 'jobs.md' */
  readonly page?: (typeof docsPages)[number]
}

/** The JSON at an address. @throws CommandError */
export async function getJson<Answer>(
  settings: ServiceSettings,
  path: string,
  { body, method = 'GET', page = 'jobs.md' }: ApiRequest = {},
): Promise<Answer> {
  const sent = body === undefined ? {} : { json: JSON.stringify(body) }
  const response = await askService(settings, { method, path, page, timeoutMs, ...sent })
  return await readJson<Answer>(response, page)
}
