// Something that is wrong: the sentence, how it comes about, the way out, and where to see it.
import type { Cause } from './ask.ts'
import { visible } from './format.ts'
import { onPage, open, show, type View } from './view-state.ts'

const pageOf: Readonly<Record<string, View>> = { lock: 'locks', queue: 'queues', job: 'jobs' }

/** A finding as a box. */
export function Finding({ cause }: { readonly cause: Cause }) {
  const { exemplars, explanation, faces, kind, severity, solution, subject, summary } = cause
  const level = severity >= 70 ? 'high' : severity >= 40 ? 'medium' : 'low'
  const service = cause.service.includes(', ') ? '' : cause.service
  const page = pageOf[kind]
  return (
    <article class={`finding ${level}`}>
      <h3>
        <span class="severity" title="Severity from 0 to 100">
          {severity}
        </span>{' '}
        {visible(summary)}
      </h3>
      <p>{visible(explanation)}</p>
      <p>
        <b>What to do:</b> {visible(solution)}
      </p>
      <p class="actions">
        {page !== undefined && (
          <button
            type="button"
            onClick={() => show(onPage('timeline', { service, lane: subject }))}
          >
            Show me
          </button>
        )}
        {page !== undefined && (
          <button type="button" onClick={() => open(page, { service, name: subject })}>
            {kind} page
          </button>
        )}
        {exemplars.map(({ label, spanId = '', traceId }) => (
          <button type="button" onClick={() => open('traces', { trace: traceId, span: spanId })}>
            {visible(label)}
          </button>
        ))}
        <button type="button" onClick={() => void navigator.clipboard.writeText(markdownOf(cause))}>
          Copy as Markdown
        </button>
        <span class="quiet">{cause.analyzer}</span>
      </p>
      {faces.length > 0 && (
        <details>
          <summary>{faces.length} more about the same</summary>
          <ul>
            {faces.map((face) => (
              <li>
                {visible(face.summary)} <span class="quiet">{face.analyzer}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </article>
  )
}

/** For a chat or an issue, with the address of what is looked at. */
function markdownOf({ explanation, severity, solution, summary }: Cause): string {
  const plain = (text: string): string =>
    visible(text).replaceAll(/[\\`*_<>[\]#|]/g, String.raw`\$&`)
  return `**${severity}: ${plain(summary)}**\n\n${plain(explanation)}\n\nWhat to do: ${plain(solution)}\n\n<${location.href}>\n`
}
