// Goal: the OpenAPI document says what is there, and nothing else.
import { createByteBudget, openAccess } from '@wayward/base'
import { defaultCollectorLimits } from '@wayward/collector'
import type { JobDesk } from '@wayward/collector/receivers/jobs/job-desk'
import { createJobReceiverRoutes } from '@wayward/collector/receivers/jobs/jobs'
import { jobOperations, jobsOpenApi } from '@wayward/collector/receivers/jobs/openapi'
import { createTelemetry } from '@wayward/collector/telemetry/telemetry'
import { expect, test } from 'vitest'

test('jobsOpenApi() has the routes, each with its methods', () => {
  const routes = createJobReceiverRoutes({
    // No route is asked.
    desk: {} as JobDesk,
    access: openAccess,
    limits: defaultCollectorLimits,
    requestBytes: createByteBudget(1),
    telemetry: createTelemetry(),
  })
  const served = routes.flatMap(({ methods, path }) =>
    methods.map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  )
  const described = jobOperations.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  expect(described.toSorted()).toEqual(served.toSorted())
})

test('jobsOpenApi() gives each operation a name of its own and all parameters of its path', () => {
  const { paths } = JSON.parse(jobsOpenApi()) as {
    paths: Record<string, Record<string, { operationId: string; parameters: { name: string }[] }>>
  }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation })),
  )
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { parameters, path } of operations) {
    for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
      expect(parameters.map((one) => one.name)).toContain(name)
    }
  }
})
