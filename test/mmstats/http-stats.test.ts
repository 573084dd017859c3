// Goal: requests to servers of three kinds are counted by how they end. Method: real servers.
import { createHttpStats, type HttpStats } from '@wayward/mmstats'
import express from 'express'
import fastify from 'fastify'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'mmstats-http-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** What each server answers by path. */
const statuses: Readonly<Record<string, number>> = {
  '/ok': 200,
  '/moved': 304,
  '/teapot': 418,
  '/fail': 500,
}

function plain(web: HttpStats): Server {
  return createServer((request, response) => {
    web.observe(request, response)
    if (request.url === '/hang') return
    response.statusCode = statuses[request.url ?? ''] ?? 404
    response.end()
  })
}

function onExpress(web: HttpStats): Server {
  const app = express()
  app.use(web.express)
  for (const [path, status] of Object.entries(statuses)) {
    app.get(path, (_request, response) => {
      response.status(status).end()
    })
  }
  // Under the conditions of the tests a package of Express's router resolves to another file, and
  // the router fails after a handler has returned: what never answers stays out of it.
  return createServer((request, response) => {
    if (request.url === '/hang') web.express(request, response, () => {})
    else app(request, response)
  })
}

function onFastify(web: HttpStats): Server {
  const app = fastify()
  app.addHook('onRequest', web.fastify)
  for (const [path, status] of Object.entries(statuses)) {
    app.get(path, async (_request, reply) => reply.code(status).send())
  }
  app.get('/hang', async () => new Promise(() => {}))
  void app.ready()
  return app.server
}

describe.each([
  { name: 'http', make: plain },
  { name: 'Express', make: onExpress },
  { name: 'Fastify', make: onFastify },
])('createHttpStats() with $name', ({ name, make }) => {
  test('counts status classes, those of interest, times and what is under way', async () => {
    const web = createHttpStats({ path: folder, filename: `${name}.mmstats` })
    const server = make(web)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { requests } = web.stats
    for (const path of ['/ok', '/ok', '/moved', '/teapot', '/none', '/fail']) {
      await (await fetch(base + path)).text()
    }
    const hanging = get(`${base}/hang`)
    hanging.on('error', () => {
      // It is broken off below.
    })
    await expect.poll(() => requests.in_flight.value, { timeout: 9000 }).toBe(1)
    hanging.destroy()
    await expect.poll(() => requests.count.value, { timeout: 9000 }).toBe(7n)
    const counts = ['ok', '2xx', '3xx', '4xx', '5xx', '404', '401', 'aborted'] as const
    expect(Object.fromEntries(counts.map((one) => [one, requests[one].value]))).toEqual({
      ok: 3n,
      '2xx': 2n,
      '3xx': 1n,
      '4xx': 2n,
      '5xx': 1n,
      '404': 1n,
      '401': 0n,
      aborted: 1n,
    })
    expect(requests.in_flight.value).toBe(0)
    expect(requests.time.value).toBeGreaterThan(0)
    server.closeAllConnections()
    server.close()
    web.stats.remove()
  })
})
