#!/usr/bin/env node
// What npm links as `wayward`. It is not compiled, so that it is there when npm links, which is before the first build.
try {
  await import('../dist/main.js')
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
  console.error(`Wayward is not built yet (${error.message}): run "npm run build" in its folder`)
  process.exit(2)
}
