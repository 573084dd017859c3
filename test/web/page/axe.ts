// axe (https://github.com/dequelabs/axe-core) in a page: what those cannot use who see or move
// differently.
import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Looks for what is serious. */
export class AxeBuilder {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  /** @returns a line per problem: its rule and the first element that has it */
  async seriousProblems(): Promise<readonly string[]> {
    await this.#page.evaluate(axe.source)
    const violations = await this.#page.evaluate<readonly Violation[]>(
      'axe.run().then((found) => found.violations)',
    )
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)
  }
}
