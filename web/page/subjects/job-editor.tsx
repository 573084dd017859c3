// The editor of what is expected of a job. What is sent replaces what was; what the form does not
// have stays as it was.
import { useState } from 'preact/hooks'
import { forgetAnswers, messageOf } from '../answered.tsx'
import { fetchAsMe, round } from '../token.ts'

/** What is expected of a job, as the API has it. */
export type Definition = Readonly<Record<string, unknown>>

interface FormField {
  readonly key: string
  readonly title: string
  readonly example: string
  /** Lines: several texts; words: the same, divided by commas. */
  readonly form: 'text' | 'lines' | 'words' | 'number' | 'yes'
}

const fields: readonly FormField[] = [
  {
    key: 'schedule',
    title: 'Due, a schedule a line',
    example: '30 2 * * *, @daily, every 10m, Mon *-*-* 08:00',
    form: 'lines',
  },
  { key: 'timezone', title: 'Time zone', example: 'Europe/Berlin', form: 'text' },
  { key: 'grace', title: 'Late after', example: '5m', form: 'text' },
  { key: 'maxRunTime', title: 'Longest run', example: '1h30m', form: 'text' },
  { key: 'heartbeat', title: 'Sign of life at least every', example: '1m', form: 'text' },
  {
    key: 'tolerance',
    title: 'Bad runs in a row that are no trouble',
    example: '0',
    form: 'number',
  },
  {
    key: 'assertions',
    title: 'What must hold, one a line',
    example: 'runTime p95 < 5 min',
    form: 'lines',
  },
  {
    key: 'maintenance',
    title: 'When nothing is due, one a line',
    example: '0 2 * * SUN for 2h',
    form: 'lines',
  },
  { key: 'tags', title: 'Tags, divided by commas', example: 'nightly, billing', form: 'words' },
  { key: 'paused', title: 'Paused: nothing is expected now', example: '', form: 'yes' },
]

/** Opens the form. */
export function JobEditor({
  definition,
  name,
  service,
}: {
  readonly name: string
  readonly service: string
  readonly definition: Definition
}) {
  const [isOpen, setOpen] = useState(false)
  const [error, setError] = useState('')
  const send = async (form: HTMLFormElement): Promise<void> => {
    try {
      await define({ name, service }, { ...definition, ...read(form) })
      setOpen(false)
      setError('')
      forgetAnswers()
      round.value++
    } catch (problem) {
      setError(messageOf(problem))
    }
  }
  if (!isOpen)
    return (
      <p>
        <button type="button" onClick={() => setOpen(true)}>
          {Object.keys(definition).length === 0 ? 'Say what is expected of it' : 'Change'}
        </button>
      </p>
    )
  return (
    <form
      class="editor"
      aria-label="What is expected"
      onSubmit={(event) => {
        event.preventDefault()
        // It says by itself what went wrong.
        void send(event.currentTarget)
      }}
    >
      {fields.map((field) => (
        <Field field={field} value={definition[field.key]} />
      ))}
      {error !== '' && (
        <p class="problem" role="alert">
          {error}
        </p>
      )}
      <p>
        <button type="submit">Keep</button>{' '}
        <button type="button" onClick={() => setOpen(false)}>
          Leave it as it was
        </button>
      </p>
    </form>
  )
}

function Field({ field, value }: { readonly field: FormField; readonly value: unknown }) {
  const { example, form, key, title } = field
  if (form === 'yes')
    return (
      <label>
        <input type="checkbox" name={key} defaultChecked={value === true} /> {title}
      </label>
    )
  const texts = Array.isArray(value) ? value.map(String) : undefined
  if (form === 'lines')
    return (
      <label>
        {title}
        <textarea
          name={key}
          rows={Math.max(2, texts?.length ?? 0)}
          placeholder={example}
          defaultValue={texts?.join('\n') ?? ''}
        />
      </label>
    )
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  if (form === 'number')
    return (
      <label>
        {title}
        <input name={key} type="number" min={0} placeholder={example} defaultValue={text} />
      </label>
    )
  return (
    <label>
      {title}
      <input
        name={key}
        type="text"
        placeholder={example}
        defaultValue={texts?.join(', ') ?? text}
      />
    </label>
  )
}

/** What the form says; undefined, which is not sent, for what is empty. */
function read(form: HTMLFormElement): Definition {
  const given = new FormData(form)
  const entries = fields.map(({ form: kind, key }) => {
    const entry = given.get(key)
    const text = typeof entry === 'string' ? entry.trim() : ''
    return [key, toValue(kind, text)]
  })
  return Object.fromEntries(entries) as Definition
}

function toValue(form: FormField['form'], text: string): unknown {
  if (text === '') return undefined
  if (form === 'number') return Number(text)
  if (form === 'yes') return true
  if (form === 'text') return text
  return text
    .split(form === 'lines' ? '\n' : ',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

interface Problem {
  readonly detail?: string
  readonly errors?: readonly {
    readonly field: string
    readonly seen: string
    readonly wanted: string
  }[]
}

/** @throws Error with what is wrong, field by field */
async function define(
  { name, service }: { readonly name: string; readonly service: string },
  definition: Definition,
): Promise<void> {
  const query = new URLSearchParams(service === '' ? {} : { service }).toString()
  const address = `/api/jobs/${encodeURIComponent(name)}${query === '' ? '' : `?${query}`}`
  const response = await fetchAsMe(address, new AbortController().signal, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(definition),
  })
  if (response.ok) return
  const problem = (await response.json().catch(() => ({}))) as Problem
  const wrong = problem.errors?.map(
    ({ field, seen, wanted }) => `${field} is ${seen}, wanted ${wanted}`,
  )
  throw new Error(wrong?.join('; ') ?? problem.detail ?? `The service answered ${response.status}`)
}
