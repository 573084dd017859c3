// Writes the generated files from the registry: `npm run generate`. The test calls `generate()` and
// compares.
import { writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Attribute, type Registry, readRegistry, type Signal, type Use } from './registry.ts'

/** One generated file: where it belongs, from the repository's root, and its text. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** The files that the registry in `root` (the repository's root) generates. */
export function generate(root: URL): GeneratedFile[] {
  const registry = readRegistry(new URL('semconv/registry/', root))
  return [
    { path: 'semconv/generated/attributes.ts', text: attributesFile(registry) },
    { path: 'semconv/generated/events.ts', text: eventsFile(registry) },
    { path: 'docs/reference/semantic-conventions.md', text: referencePage(registry) },
  ]
}

const banner = '// Generated from semconv/registry by `npm run generate`. Do not edit.\n'

function attributesFile(registry: Registry): string {
  const all = [...registry.attributes, ...registry.imported]
  return `${banner}\n${all.map(attributeConstants).join('\n')}`
}

function attributeConstants(attribute: Attribute): string {
  const name = constantName(attribute.key)
  const lines = [
    `/** ${attribute.brief} */`,
    `export const ATTR_${name} = '${attribute.key}' as const\n`,
  ]
  if (typeof attribute.type !== 'object') return lines.join('\n')
  const values = attribute.type.members.map(
    (member) =>
      `/** ${member.brief} */\nexport const ${name}_VALUE_${constantName(member.id)} = '${member.value}' as const\n`,
  )
  return [...lines, ...values].join('\n')
}

function eventsFile(registry: Registry): string {
  const events = registry.signals.filter((signal) => signal.signal === 'event')
  const constants = events.map(
    (event) =>
      `/** ${event.brief} */\nexport const EVENT_${constantName(event.name)} = '${event.name}' as const\n`,
  )
  return `${banner}\n${constants.join('\n')}`
}

function constantName(key: string): string {
  return key.replaceAll('.', '_').toUpperCase()
}

function referencePage(registry: Registry): string {
  const parts = [
    '# Semantic conventions',
    '<!-- Generated from semconv/registry by `npm run generate`. Do not edit. -->',
    'What Wayward reports, in the names of its spans, events and attributes. Durations are nanoseconds. An operation that has ended is a span; what is still open is reported by the event `wayward.operation.open`. All names are in development: they may still change.',
    '## Spans',
    ...registry.signals.filter((signal) => signal.signal === 'span').map(signalSection),
    '## Events',
    ...registry.signals.filter((signal) => signal.signal === 'event').map(signalSection),
    '## Resource',
    ...registry.signals.filter((signal) => signal.signal === 'entity').map(signalSection),
    '## Attributes',
    attributeTable(registry.attributes),
    ...registry.attributes.filter((a) => typeof a.type === 'object').map(valuesSection),
    '## Attributes of OpenTelemetry that Wayward uses',
    attributeTable(registry.imported),
  ]
  return `${parts.join('\n\n')}\n`
}

function signalSection(signal: Signal): string {
  const kind = signal.kind === undefined ? '' : ` Span kind: ${signal.kind}.`
  const note = signal.note === undefined ? '' : ` ${signal.note}`
  const rows = signal.uses.map((use) => `| \`${use.ref}\` | ${requirement(use)} |`)
  return [
    `### \`${signal.name}\``,
    '',
    `${signal.brief}${kind}${note}`,
    '',
    '| attribute | requirement |',
    '| --- | --- |',
    ...rows,
  ].join('\n')
}

function requirement(use: Use): string {
  if (typeof use.requirement_level === 'string') return use.requirement_level.replace('_', '-')
  return Object.entries(use.requirement_level)
    .map(([level, condition]) => `${level.replaceAll('_', ' ')}: ${condition}`)
    .join('; ')
}

function attributeTable(attributes: readonly Attribute[]): string {
  const rows = attributes.map((attribute) => {
    const type = typeof attribute.type === 'object' ? 'string (closed set)' : attribute.type
    const examples = (attribute.examples ?? [])
      .map((one) => `\`${JSON.stringify(one)}\``)
      .join(', ')
    const note = attribute.note === undefined ? '' : ` ${attribute.note}`
    return `| \`${attribute.key}\` | ${type} | ${attribute.brief}${note} | ${examples} |`
  })
  return ['| key | type | meaning | examples |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function valuesSection(attribute: Attribute): string {
  if (typeof attribute.type !== 'object') return ''
  const rows = attribute.type.members.map((member) => `| \`${member.value}\` | ${member.brief} |`)
  return [
    `Values of \`${attribute.key}\`:`,
    '',
    '| value | meaning |',
    '| --- | --- |',
    ...rows,
  ].join('\n')
}

/** Writes every generated file below `root`. */
function writeAll(root: URL): void {
  for (const file of generate(root)) {
    writeFileSync(fileURLToPath(new URL(file.path, root)), file.text)
    process.stdout.write(`Wrote ${file.path}\n`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeAll(new URL('../../', import.meta.url))
}
