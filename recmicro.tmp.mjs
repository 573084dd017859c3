import { register } from './sdk/dist/index.js'
const r = register({recorder: process.argv[2]==='rec', endpoint:'http://127.0.0.1:1'})
const rep=r.reporter
function measure(f, n=3000, rounds=200){let best=1e9;for(let i=0;i<rounds;i++){const s=process.hrtime.bigint();for(let j=0;j<n;j++)f();const ns=Number(process.hrtime.bigint()-s)/n;best=Math.min(best,ns)}return Math.round(best)}
async function measureA(f, n=3000, rounds=200){let best=1e9;for(let i=0;i<rounds;i++){const s=process.hrtime.bigint();for(let j=0;j<n;j++)await f();const ns=Number(process.hrtime.bigint()-s)/n;best=Math.min(best,ns)}return Math.round(best)}
const lock = rep.lock({name:'x'})
const core = rep.core ?? globalThis[Symbol.for('wayward.reporter.1')].core
const out = {}
out.clock = measure(()=>core.clock.read())
out.hrtime = measure(()=>process.hrtime())
out.perf = measure(()=>performance.now())
out.seq = measure(()=>core.process.nextSequence())
out.awaitOnly = await measureA(()=>undefined)
out.ask = await measureA(()=>{core.tasks.ask()})
out.lock = await measureA(()=>{lock.acquired().released()})
if (process.argv[2]==='rec') {
 const em = core.emitter
 const h = lock.acquired()
 const op = h
 // begin+end on same op
 out.beginEnd = measure(()=>{ em.begin(op); em.end(op, op.startSeconds, op.startNs) })
}
console.log(process.version, process.argv[2], JSON.stringify(out))
process.exit(0)
