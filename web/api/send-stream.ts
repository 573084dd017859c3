// Answers that are not known whole when they begin: a file, or what becomes of an import. They stop
// with the client.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { safeHeaders, type StreamAnswer } from './endpoint.ts'

/**
 * Sends an answer as it comes. What goes wrong before its first bytes is thrown, and can still be
 * said; later the connection breaks, which shows that something is missing.
 */
export async function sendStream(
  { chunks, contentType, fileName }: StreamAnswer,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    let next = await iterator.next()
    response.writeHead(200, {
      ...safeHeaders,
      'Content-Type': contentType,
      ...(fileName === undefined
        ? {}
        : { 'Content-Disposition': `attachment; filename="${fileName}"` }),
    })
    while (next.done !== true && !gone.aborted) {
      if (!response.write(next.value)) await once(response, 'drain', { signal: gone })
      next = await iterator.next()
    }
    if (!gone.aborted) response.end()
  } catch (error) {
    if (!response.headersSent && !gone.aborted) throw error
    response.destroy()
  } finally {
    // Ends what is asked.
    await iterator.return?.()
  }
}
