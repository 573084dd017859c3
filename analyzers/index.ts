export {
  type Column,
  type ColumnType,
  type Exemplar,
  type Finding,
  findingSeverityMin,
  type SubjectKind,
  type Value,
} from './analyzer.ts'
export { formatDuration, formatFraction } from './quantity.ts'
export {
  type Absence,
  type AnalyzerInfo,
  type Answer,
  analyzers,
  listAnalyzers,
  listReported,
  listSessions,
  readFilledSql,
  type Report,
  reportedQuestion,
  type ReportWindow,
  runAnalyzer,
  sessionsQuestion,
  toParameters,
} from './run.ts'
export { fillSql, type FilledParameters } from './report/filled-sql.ts'
export type { SqlHeader } from './sql-header.ts'
export { type Question, readQuestion, type Scope } from './sql-modules.ts'
