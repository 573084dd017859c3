import { existsSync } from 'node:fs'
import { CommandError, docsPages, exitCodes } from 'wayward/command-error'
import { expect, test } from 'vitest'

test.each(docsPages)('errors send people to %s, which is there', (page) => {
  expect(existsSync(new URL(`../../docs/${page}`, import.meta.url))).toBe(true)
  const error = new CommandError(exitCodes.usage, 'Cannot do this: do that', { page })
  expect(error.text).toBe(`Cannot do this: do that (see docs/${page})`)
})
