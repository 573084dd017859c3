import { createReporterWithCore, type Reporter, type ReporterWithCore } from './reporter.ts'

const key = Symbol.for('wayward.reporter.1')

/**
 * The thread's own reporter, made at the first call: the one that the observers report to unless
 * they are given another.
 */
export function getReporter(): Reporter {
  return getReporterWithCore()
}

export function getReporterWithCore(): ReporterWithCore {
  const holder = globalThis as { [key]?: ReporterWithCore }
  holder[key] ??= createReporterWithCore({})
  return holder[key]
}
