// The files of the page, as they were built: read once, sent as they are. What is not built is said
// so, because a clone may serve before it has built.
import { problemDetails, type Reply, type Route } from '@wayward/base'
import { readFileSync } from 'node:fs'

const folder = new URL('./page/', new URL('./dist/', packageFolder()))

/** The package's own folder, from the source as well as from what is compiled. */
function packageFolder(): URL {
  return import.meta.url.includes('/dist/')
    ? new URL('../', import.meta.url)
    : new URL('./', import.meta.url)
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Nothing but our own files, no script within the markup, and no frame around it. */
const headers: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** Each file by its address. */
export const pageFiles: Readonly<Record<string, string>> = {
  '/': 'index.html',
  '/page.js': 'page.js',
  '/page.css': 'page.css',
  '/icon.svg': 'icon.svg',
}

/** The routes of the page, for the listener of the API. */
export function createPage(): readonly Route[] {
  const kept = new Map<string, Reply>()
  return Object.entries(pageFiles).map(([path, name]) => ({
    path,
    methods: ['GET', 'HEAD'],
    // Nothing of what was reported is in them, and the page must be there to ask for a token.
    isOpen: true,
    // A link on another page may lead here.
    isForOtherSites: true,
    handle: () => {
      const reply = kept.get(name) ?? read(name)
      if (reply.status === 200) kept.set(name, reply)
      return Promise.resolve(reply)
    },
  }))
}

function read(name: string): Reply {
  try {
    const body = readFileSync(new URL(name, folder))
    const contentType = types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
    return { status: 200, contentType, body, headers }
  } catch {
    const message = `The page has not been built (${name} is missing); run npm run build`
    return problemDetails({ code: 'unavailable', message })
  }
}
