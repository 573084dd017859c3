// `npm start` and `npm run demo`: install and build what is missing, then become the `wayward` command in
// this same process, so that Ctrl-C and SIGTERM reach the service itself.
import { join } from 'node:path'
import { installAndBuild, root } from './install-and-build.mjs'

installAndBuild()
const args = process.argv.slice(2)
process.argv = [
  process.argv[0],
  join(root, 'cli', 'dist', 'main.js'),
  ...(args.length > 0 ? args : ['serve']),
]
await import(join(root, 'cli', 'dist', 'main.js'))
