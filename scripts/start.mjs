// `npm start` and `npm run demo`: install and build what is missing, then become the `wayward`
// command in this same process, so that Ctrl-C and SIGTERM reach the service itself.
import { join } from 'node:path'
import { engineAdvice, thisPlatform } from './engine-platform.mjs'
import { installAndBuild, root } from './install-and-build.mjs'

const advice = engineAdvice(thisPlatform(), process.argv.slice(2), process.env)
if (advice !== undefined) {
  console.error(advice)
  process.exit(1)
}
installAndBuild()
const program = join(root, 'cli', 'bin', 'wayward.js')
process.argv[1] = program
await import(program)
