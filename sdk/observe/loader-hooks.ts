// Lets instrumentations see ES modules as they are imported. Node has two ways to hook its loader:
// `registerHooks` runs in the application's thread, and where it can carry what we need it is the
// only one left in use; `register` starts a thread of its own, and Node 26 warns of it. Both are
// done when the call returns, so nobody has to wait: a top-level `await` could not be bundled to
// CommonJS.
// Not by its names, of which Node 20 does not have all: of `*` bundlers import what is used.
import nodeModule from 'node:module'

/** What import-in-the-middle offers where it knows `registerHooks`. */
interface SyncHooks {
  supportsSyncHooks(): boolean
  register(options: { readonly include: readonly string[] }): void
}

/** Hooks the loader for these packages only: each hooked module costs a wrapper. */
export function hookLoader(packages: readonly string[]): void {
  const hooks = 'registerHooks' in nodeModule ? findSyncHooks() : undefined
  if (hooks?.supportsSyncHooks() === true) {
    hooks.register({ include: packages })
    return
  }
  nodeModule.register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, {
    data: { include: packages },
  })
}

/**
 * The copy of import-in-the-middle that OpenTelemetry's instrumentations use: another copy would
 * hook modules that nobody asked it for. `undefined` where it is too old for `registerHooks`. A
 * Node that has `registerHooks` can `require` an ES module.
 */
function findSyncHooks(): SyncHooks | undefined {
  try {
    const ours = nodeModule.createRequire(import.meta.url)
    const theirs = nodeModule.createRequire(ours.resolve('@opentelemetry/instrumentation'))
    return theirs('import-in-the-middle/register-hooks.mjs') as SyncHooks
  } catch {
    return undefined
  }
}
