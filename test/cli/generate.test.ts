import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generate } from 'wayward/generate'

const root = new URL('../../', import.meta.url)

test.each(generate())('generate() gives the committed $path', ({ path, text }) => {
  expect(readFileSync(new URL(path, root), 'utf8')).toBe(text)
})
