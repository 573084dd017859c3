// An exporter of what is recorded, of which no code is loaded before it is needed.
import { ExportResultCode } from '@opentelemetry/core'
import type {
  EncodedItem,
  RecordExporter,
  RecordExporterSettings,
  RecordSignal,
} from './record-exporter.ts'

/**
 * An exporter whose code is loaded when there is something to send: it is most of what there is to
 * load, and what is open is told before.
 */
export function exportLater(
  signal: RecordSignal,
  settings: RecordExporterSettings,
): RecordExporter {
  let exporter: RecordExporter | undefined
  const load = async (): Promise<RecordExporter> => {
    const { createRecordExporter } = await import('./record-exporter.ts')
    exporter ??= createRecordExporter(signal, settings)
    return exporter
  }
  return {
    export(items, onResult) {
      const onEnd: typeof onResult = (result) => {
        if (result.code === ExportResultCode.SUCCESS) markSent(items)
        onResult(result)
      }
      if (exporter !== undefined) return exporter.export(items, onEnd)
      load().then(
        (loaded) => loaded.export(items, onEnd),
        (error: unknown) => onResult({ code: ExportResultCode.FAILED, error: error as Error }),
      )
    },
    shutdown: async () => exporter?.shutdown(),
    abandon: () => exporter?.abandon(),
  }
}

/** What was sent is not in the ring only any more: whoever finds its file need not send it. */
function markSent(items: readonly EncodedItem[]): void {
  for (const { reader, end } of items) if (end !== undefined) reader?.markSent(end)
}
