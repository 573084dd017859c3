import { expect, test } from 'vitest'
import { sdkBench } from '../bench/sdk.ts'

test('the benchmark still runs', async () => {
  const figures = await sdkBench.run('tiny')
  expect(figures.map((figure) => figure.name)).toContain('observed / bare')
  for (const figure of figures) expect(figure.value).toBeGreaterThan(0)
})
