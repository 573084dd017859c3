// A text with names of tables and columns offered while one is written.
import { useRef, useState } from 'preact/hooks'
import { useAnswer } from '../answered.tsx'
import type { Table } from '../ask.ts'

/** The field, and the names below it. */
export function Editor({
  draft,
  run,
  setDraft,
}: {
  readonly draft: string
  readonly setDraft: (text: string) => void
  readonly run: () => void
}) {
  const known = useAnswer<Table>('columns', {})
  const area = useRef<HTMLTextAreaElement>(null)
  const [word, setWord] = useState('')
  const offered = offersFor(word, known.value)
  const look = (): void => {
    const { selectionStart = 0, value = '' } = area.current ?? {}
    setWord(/[\w.]*$/.exec(value.slice(0, selectionStart))?.[0] ?? '')
  }
  const take = (name: string): void => {
    const field = area.current
    if (field === null) return
    const { selectionStart, value } = field
    const before = value.slice(0, selectionStart).replace(/[\w]*$/, '') + name
    setDraft(before + value.slice(selectionStart))
    setWord('')
    requestAnimationFrame(() => {
      field.focus()
      field.setSelectionRange(before.length, before.length)
    })
  }
  return (
    <div class="editor">
      <textarea
        ref={area}
        aria-label="SQL"
        rows={Math.min(20, Math.max(6, draft.split('\n').length + 1))}
        spellcheck={false}
        value={draft}
        onInput={(event) => {
          setDraft(event.currentTarget.value)
          look()
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run()
          const first = offered[0]
          if (event.key === 'Tab' && first !== undefined && !event.shiftKey) {
            event.preventDefault()
            take(first.name)
          }
          if (event.key === 'Escape') setWord('')
        }}
        onClick={look}
      />
      <p class="offers" role="group" aria-label="Names that begin so" aria-live="polite">
        {offered.map(({ about, name }, i) => (
          <button type="button" title={about} onClick={() => take(name)}>
            {name}
            {i === 0 ? ' (Tab)' : ''}
          </button>
        ))}
      </p>
    </div>
  )
}

function offersFor(
  word: string,
  table: Table | undefined,
): readonly { readonly name: string; readonly about: string }[] {
  const last = word.split('.').at(-1) ?? ''
  if (last.length < 2 || table === undefined) return []
  const names = new Map<string, string>()
  for (const row of table.rows) {
    names.set(String(row['table']), 'table')
    names.set(String(row['name']), `${String(row['table'])}: ${String(row['about'])}`)
  }
  return [...names]
    .filter(([name]) => name.toLowerCase().startsWith(last.toLowerCase()) && name !== last)
    .slice(0, 12)
    .map(([name, about]) => ({ name, about }))
}
