// Lets instrumentations see ES modules as they are imported. Node has two ways to hook its loader:
// `registerHooks` runs in the application's thread, and where it can carry what we need it is the
// only one left in use; `register` starts a thread of its own, and Node 26 warns of it.
import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'

/** What import-in-the-middle offers where it knows `registerHooks`. */
interface SyncHooks {
  supportsSyncHooks(): boolean
  register(options: { readonly include: readonly string[] }): void
}

/** Hooks the loader for these packages only: each hooked module costs a wrapper. */
export async function hookLoader(packages: readonly string[]): Promise<void> {
  const hooks = await findSyncHooks()
  if (hooks?.supportsSyncHooks() === true) {
    hooks.register({ include: packages })
    return
  }
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, {
    data: { include: packages },
  })
}

/**
 * The copy of import-in-the-middle that OpenTelemetry's instrumentations use: another copy would
 * hook modules that nobody asked it for. `undefined` where it is too old for `registerHooks`.
 */
async function findSyncHooks(): Promise<SyncHooks | undefined> {
  try {
    const ours = createRequire(import.meta.url)
    const theirs = createRequire(ours.resolve('@opentelemetry/instrumentation'))
    const path = theirs.resolve('import-in-the-middle/register-hooks.mjs')
    return (await import(pathToFileURL(path).href)) as SyncHooks
  } catch {
    return undefined
  }
}
