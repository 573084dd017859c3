// `npm start` and `npm run demo`: install and build what is missing, then become the `wayward`
// command in this same process, so that Ctrl-C and SIGTERM reach the service itself.
import { join } from 'node:path'
import { installAndBuild, root } from './install-and-build.mjs'

installAndBuild()
const program = join(root, 'cli', 'bin', 'wayward.js')
process.argv[1] = program
await import(program)
