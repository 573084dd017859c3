import * as asyncMutex from 'async-mutex'
import { register, observeAsyncMutex } from './sdk/dist/index.js'
const m = new asyncMutex.Mutex()
async function measure(times, f){let best=1e9;for(let r=0;r<100;r++){const s=process.hrtime.bigint();for(let i=0;i<times;i++)await f();const ns=Number(process.hrtime.bigint()-s)/times;if(r>5)best=Math.min(best,ns)}return best}
const once = async()=>{(await m.acquire())()}
const r = register({recorder: process.argv[2]==='rec', endpoint:'http://127.0.0.1:1'})
const rep=r.reporter
const bare = await measure(4000, once)
observeAsyncMutex(asyncMutex, rep)
const obs = await measure(4000, once)
const q = rep.queue({name:'q'})
const item = await measure(4000, ()=>{q.enqueued().dequeued().done()})
const zone = await measure(4000, ()=>rep.zone('z',()=>undefined))
console.log(process.version, process.argv[2], {bare:Math.round(bare), obs: Math.round(obs), item:Math.round(item), zone:Math.round(zone), dropped:r.droppedCount, swallowed: rep.swallowedCount})
process.exit(0)
