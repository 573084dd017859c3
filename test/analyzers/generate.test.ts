import { readFileSync } from 'node:fs'
import { generate } from '@wayward/analyzers/generate'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)

test.each(generate(root))('generate() gives the committed $path', ({ path, text }) => {
  expect(readFileSync(new URL(path, root), 'utf8')).toBe(text)
})
