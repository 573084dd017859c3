// Takes in the sessions of an archive that somebody has.
import { signal } from '@preact/signals'
import { forgetAnswers, messageOf } from './answered.tsx'
import { importArchive } from './ask.ts'
import { visible } from './format.ts'
import { round } from './token.ts'

/** It stays when everything is asked again. */
const told = signal('')

function setTold(text: string): void {
  told.value = text
}

/** The field for the file, and what became of it. */
export function ImportArchive() {
  const take = async (archive: Blob): Promise<void> => {
    setTold('importing …')
    try {
      const words = await importArchive(archive, (requests) =>
        setTold(`importing …, ${requests} requests stored`),
      )
      setTold(words)
      forgetAnswers()
      round.value++
    } catch (problem) {
      setTold(messageOf(problem))
    }
  }
  return (
    <label>
      Import an archive{' '}
      <input
        type="file"
        accept=".gz,application/gzip"
        onChange={(event) => {
          const field = event.currentTarget
          const [file] = field.files ?? []
          // It says by itself what went wrong.
          if (file !== undefined) void take(file).then(() => (field.value = ''))
        }}
      />
      <span role="status"> {visible(told.value)}</span>
    </label>
  )
}
