// A file to take along. Where a token is needed a plain link would be refused: then the file is
// fetched with it and handed over.
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { messageOf } from './answered.tsx'
import { fetchAsMe, hasToken } from './token.ts'

/** The link. */
export function SaveLink({
  address,
  children,
  name,
}: {
  readonly address: string
  readonly name: string
  readonly children: ComponentChildren
}) {
  const [error, setError] = useState('')
  const save = async (): Promise<void> => {
    try {
      const response = await fetchAsMe(address, new AbortController().signal)
      if (!response.ok) throw new Error(`The service answered ${response.status}`)
      const link = document.createElement('a')
      link.href = URL.createObjectURL(await response.blob())
      link.download = name
      link.click()
      URL.revokeObjectURL(link.href)
      setError('')
    } catch (problem) {
      setError(messageOf(problem))
    }
  }
  return (
    <a
      download={name}
      href={address}
      onClick={(event) => {
        if (!hasToken()) return
        event.preventDefault()
        // It says by itself what went wrong.
        void save()
      }}
    >
      {children}
      {error !== '' && <span class="bad"> {error}</span>}
    </a>
  )
}
