// Deletes a session, once somebody has said twice that it shall go.
import { useState } from 'preact/hooks'
import { forgetAnswers, messageOf } from './answered.tsx'
import { deleteSession } from './ask.ts'
import { visible } from './format.ts'
import { round } from './token.ts'

/** The buttons. */
export function DeleteSession({
  service,
  session,
}: {
  readonly service: string
  readonly session: string
}) {
  const [step, setStep] = useState<'idle' | 'asking' | 'deleting'>('idle')
  const [error, setError] = useState('')
  const remove = async (): Promise<void> => {
    setStep('deleting')
    try {
      await deleteSession(service, session)
      forgetAnswers()
      round.value++
    } catch (problem) {
      setError(messageOf(problem))
      setStep('idle')
    }
  }
  if (step === 'deleting') return <span role="status">deleting …</span>
  if (step === 'asking') {
    return (
      <>
        Delete all of it for ever?{' '}
        <button
          type="button"
          aria-label={`Delete ${visible(session)} for ever`}
          // It says by itself what went wrong.
          onClick={() => void remove()}
        >
          yes
        </button>{' '}
        <button type="button" onClick={() => setStep('idle')}>
          no
        </button>
      </>
    )
  }
  return (
    <>
      <button
        type="button"
        aria-label={`Delete ${visible(session)}`}
        onClick={() => {
          setError('')
          setStep('asking')
        }}
      >
        delete
      </button>
      {error !== '' && (
        <span class="bad" role="alert">
          {' '}
          {visible(error)}
        </span>
      )}
    </>
  )
}
