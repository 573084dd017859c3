// The page of an analyzer in docs/analyzers/: what a person wrote about it, its columns from the
// head of its SQL, and an example whose answer a golden test produces.
import type { SqlHeader } from './sql-header.ts'

/** What a page is made of. */
export interface PageParts {
  readonly name: string
  readonly header: SqlHeader
  /** The chapters that a person wrote: what it means, how it is computed, what to do. */
  readonly prose: string
  /** What the example's input is, in a sentence. */
  readonly exampleAbout: string
  /** What `wayward analyze` prints for it. */
  readonly exampleShown: string
}

/** The text of docs/analyzers/<name>.md. */
export function analyzerPage({
  name,
  header,
  prose,
  exampleAbout,
  exampleShown,
}: PageParts): string {
  return `${[
    `# ${name}`,
    `<!-- Generated from analyzers/, ${name}.md and ${name}.sql, by \`npm run generate\`. Do not edit. -->`,
    `**${header.question}**`,
    prose.trim(),
    '## Columns',
    `${sentence(header.rowsAre)} The columns of the table are marked with *; \`--format json\` and \`csv\` give all.`,
    columnTable(header),
    '## Example',
    sentence(exampleAbout),
    `\`\`\`text\n${exampleShown.trimEnd()}\n\`\`\``,
  ].join('\n\n')}\n`
}

/** The text of docs/analyzers/README.md, the list of all pages. */
export function analyzersPage(
  analyzers: readonly { readonly name: string; readonly question: string }[],
): string {
  return `${[
    '# Analyzers',
    '<!-- Generated from the heads of the SQL in analyzers/ by `npm run generate`. Do not edit. -->',
    'The questions that `wayward analyze <name>` answers, and `wayward report` asks together ([what is wrong?](../report.md)). Severity means the same in all of them: [severity](severity.md).',
    [
      '| analyzer | question |',
      '| --- | --- |',
      ...analyzers.map(({ name, question }) => `| [${name}](${name}.md) | ${question} |`),
    ].join('\n'),
  ].join('\n\n')}\n`
}

function columnTable({ columns, headline }: SqlHeader): string {
  const shown = new Set(headline)
  return [
    '| column | type | meaning |',
    '| --- | --- | --- |',
    ...columns.map(({ name, type, unit, description }) => {
      const star = shown.has(name) ? ' *' : ''
      const kind = unit === '' ? type : `${type}, ${unit}`
      return `| \`${name}\`${star} | ${kind} | ${description.replaceAll('|', '\\|')} |`
    }),
  ].join('\n')
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(start) ? start : `${start}.`
}
