import * as asyncMutex from 'async-mutex'
import { register, observeAsyncMutex } from './sdk/dist/index.js'
const m = new asyncMutex.Mutex()
const r = register({recorder: true, endpoint:'http://127.0.0.1:1'})
observeAsyncMutex(asyncMutex, r.reporter)
for (let i=0;i<1500000;i++) (await m.acquire())()
process.exit(0)
