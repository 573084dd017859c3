import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** One attribute of the registry, ours or imported from OpenTelemetry. */
export interface Attribute {
  readonly key: string
  readonly type: string | { readonly members: readonly Member[] }
  readonly brief: string
  readonly note?: string
  readonly stability?: string
  readonly examples?: readonly unknown[]
}

/** One permitted value of an attribute that has a closed set of values. */
export interface Member {
  readonly id: string
  readonly value: string
  readonly brief: string
}

/** An attribute as a span, event or entity uses it. */
export interface Use {
  readonly ref: string
  readonly requirement_level: string | Readonly<Record<string, string>>
}

/** A reference to a whole group of attribute uses. */
export interface GroupUse {
  readonly ref_group: string
}

/** A span, event or entity of the registry. */
export interface Signal {
  readonly name: string
  readonly signal: 'span' | 'event' | 'entity'
  readonly kind?: string
  readonly brief: string
  readonly note?: string
  readonly uses: readonly Use[]
}

/** The whole registry, merged from its files, each part sorted by name. */
export interface Registry {
  readonly attributes: readonly Attribute[]
  readonly imported: readonly Attribute[]
  readonly signals: readonly Signal[]
}

interface SignalEntry {
  readonly name?: string | { readonly note: string }
  readonly type?: string
  readonly kind?: string
  readonly brief: string
  readonly note?: string
  readonly attributes?: readonly (Use | GroupUse)[]
  readonly identity?: readonly Use[]
  readonly description?: readonly Use[]
}

interface RegistryFile {
  readonly attributes?: readonly Attribute[]
  readonly attribute_groups?: readonly { id: string; attributes: readonly (Use | GroupUse)[] }[]
  readonly spans?: readonly SignalEntry[]
  readonly events?: readonly SignalEntry[]
  readonly entities?: readonly SignalEntry[]
  readonly imports?: { readonly attributes: readonly Attribute[] }
}

/**
 * Reads the registry's YAML files.
 *
 * @param folder where the files are
 * @throws Error if a use names an attribute or group that no file defines
 */
export function readRegistry(folder: URL): Registry {
  const files = readdirSync(fileURLToPath(folder))
    .filter((name) => name.endsWith('.yaml') && name !== 'manifest.yaml')
    .toSorted()
    .map((name) => parse(readFileSync(new URL(name, folder), 'utf8')) as RegistryFile)
  const attributes = files.flatMap((file) => file.attributes ?? []).toSorted(byKey)
  const imported = files.flatMap((file) => file.imports?.attributes ?? []).toSorted(byKey)
  const groups = new Map(
    files
      .flatMap((file) => file.attribute_groups ?? [])
      .map((group) => [group.id, group.attributes]),
  )
  const signals = files
    .flatMap((file) => [
      ...(file.spans ?? []).map((entry) => toSignal('span', entry, groups)),
      ...(file.events ?? []).map((entry) => toSignal('event', entry, groups)),
      ...(file.entities ?? []).map((entry) => toSignal('entity', entry, groups)),
    ])
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  checkUses(signals, new Set([...attributes, ...imported].map((attribute) => attribute.key)))
  return { attributes, imported, signals }
}

function toSignal(
  signal: Signal['signal'],
  entry: SignalEntry,
  groups: ReadonlyMap<string, readonly (Use | GroupUse)[]>,
): Signal {
  const name = entry.type ?? (typeof entry.name === 'string' ? entry.name : '')
  const uses = [
    ...(entry.attributes ?? []),
    ...(entry.identity ?? []),
    ...(entry.description ?? []),
  ].flatMap((use) => expand(use, groups))
  const nameNote = typeof entry.name === 'object' ? `Span name: ${entry.name.note}` : undefined
  const note = [nameNote, entry.note].filter((part) => part !== undefined).join(' ')
  return {
    name,
    signal,
    brief: entry.brief,
    uses,
    ...(entry.kind === undefined ? {} : { kind: entry.kind }),
    ...(note === '' ? {} : { note }),
  }
}

function expand(
  use: Use | GroupUse,
  groups: ReadonlyMap<string, readonly (Use | GroupUse)[]>,
): Use[] {
  if ('ref' in use) return [use]
  const group = groups.get(use.ref_group)
  if (group === undefined) throw new Error(`Cannot read registry: no group "${use.ref_group}"`)
  return group.flatMap((inner) => expand(inner, groups))
}

function checkUses(signals: readonly Signal[], keys: ReadonlySet<string>): void {
  for (const signal of signals) {
    for (const use of signal.uses) {
      if (!keys.has(use.ref)) {
        throw new Error(
          `Cannot read registry: "${signal.name}" uses unknown attribute "${use.ref}"`,
        )
      }
    }
  }
}

function byKey(a: Attribute, b: Attribute): number {
  return a.key < b.key ? -1 : 1
}
