// Asks for the token where the service wants one.
import { useState } from 'preact/hooks'
import { hasToken, isTokenWanted, useThisToken } from './token.ts'

/** The form; nothing where no token is wanted. */
export function TokenForm() {
  const [draft, setDraft] = useState('')
  if (!isTokenWanted.value) return null
  return (
    <form
      class="problem tools"
      aria-label="Token"
      onSubmit={(event) => {
        event.preventDefault()
        useThisToken(draft.trim())
        setDraft('')
      }}
    >
      <label>
        {hasToken() ? 'The service does not know this token; ' : ''}
        Token of the service{' '}
        <input
          type="password"
          autoComplete="off"
          value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Use it</button>
      <span class="quiet">
        It is one of those in its token file, or the one in the address that wayward serve prints,
        and stays in this tab.
      </span>
    </form>
  )
}
