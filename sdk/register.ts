// `node --import @wayward/sdk/register app.mjs`: the application begins when its modules are
// observed.
import { registerNow } from './register-now.ts'

registerNow()
