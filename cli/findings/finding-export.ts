// Changes of findings as OTLP: each an event, which goes the way of all log records, and by rules
// to any endpoint.
import {
  ATTR_SERVICE_NAME,
  ATTR_WAYWARD_FINDING_ANALYZER,
  ATTR_WAYWARD_FINDING_CHANGE_TYPE,
  ATTR_WAYWARD_FINDING_ID,
  ATTR_WAYWARD_FINDING_KIND,
  ATTR_WAYWARD_FINDING_SEVERITY,
  ATTR_WAYWARD_FINDING_SOLUTION,
  ATTR_WAYWARD_FINDING_SUBJECT,
  ATTR_WAYWARD_SESSION_ID,
  EVENT_WAYWARD_FINDING_CHANGE,
} from '@wayward/semconv'
import { severityBounds } from '@wayward/analyzers/report/style'
import type { FindingChange } from './finding-changes.ts'

/** The session of all changes: no process of an application reports them. */
const session = 'findings'
const scope = { name: 'wayward.findings' }

/** A request of log records, as OTLP/JSON. */
export function encodeFindings(changes: readonly FindingChange[], atMs: number): string {
  const resourceLogs = changes.map((change) => ({
    resource: {
      attributes: [
        // One that is about several services stands with the first.
        text(ATTR_SERVICE_NAME, change.finding.service.split(', ')[0] ?? ''),
        text(ATTR_WAYWARD_SESSION_ID, session),
      ],
    },
    scopeLogs: [{ scope, logRecords: [toRecord(change, atMs)] }],
  }))
  return JSON.stringify({ resourceLogs })
}

function toRecord({ finding, type }: FindingChange, atMs: number): object {
  const { analyzer, id, kind, severity, solution, subject, summary } = finding
  const timeUnixNano = `${Math.round(atMs)}000000`
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    ...(type === 'closed' ? information : severityOf(severity)),
    eventName: EVENT_WAYWARD_FINDING_CHANGE,
    body: { stringValue: type === 'closed' ? `No longer: ${summary}` : summary },
    attributes: [
      text(ATTR_WAYWARD_FINDING_ID, id),
      text(ATTR_WAYWARD_FINDING_CHANGE_TYPE, type),
      text(ATTR_WAYWARD_FINDING_ANALYZER, analyzer),
      text(ATTR_WAYWARD_FINDING_KIND, kind),
      text(ATTR_WAYWARD_FINDING_SUBJECT, subject),
      { key: ATTR_WAYWARD_FINDING_SEVERITY, value: { intValue: String(Math.round(severity)) } },
      text(ATTR_WAYWARD_FINDING_SOLUTION, solution),
    ],
  }
}

const information = { severityNumber: 9, severityText: 'INFO' }

function severityOf(severity: number): { severityNumber: number; severityText: string } {
  if (severity >= severityBounds.high) return { severityNumber: 17, severityText: 'ERROR' }
  if (severity >= severityBounds.medium) return { severityNumber: 13, severityText: 'WARN' }
  return information
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } }
}
