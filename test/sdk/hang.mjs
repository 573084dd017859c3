import { createServer } from 'node:net'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
const s = createServer(() => {}).listen(0, '127.0.0.1', async () => {
  s.unref()
  const e = new OTLPTraceExporter({ url: `http://127.0.0.1:${s.address().port}` })
  const p = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(e)] })
  p.getTracer('x').startSpan('a').end()
  p.forceFlush().catch((x) => console.log('flush', x.message))
  const t0 = Date.now()
  setTimeout(() => {
    console.log(process.getActiveResourcesInfo())
    e._delegate._transport.shutdown()
    setTimeout(() => console.log(process.getActiveResourcesInfo()), 100).unref()
  }, 1000)
  process.on('exit', () => console.log('exit', Date.now() - t0))
})
