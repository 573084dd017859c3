// `wayward control`: which clients report, and what is set of them.
import { renderTable, type Table } from '@wayward/analyzers/report/table'
import type { controlListFields, controlSetFields } from '../configuration/control-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { getJson } from '../job/api-client.ts'
import type { Terminal } from '../terminal.ts'

const page = 'control.md'

/** What the API tells. */
interface Listed {
  readonly clients: readonly {
    readonly id: string
    readonly kind: string
    readonly name: string
    readonly version?: string
    readonly host?: string
    readonly pid?: number
    readonly severity?: number
    readonly isCurrent: boolean
    readonly seenAt: string
    readonly perSecond: Readonly<Record<string, number>>
    readonly counts?: Readonly<Record<string, number>>
  }[]
  readonly settings: readonly {
    readonly setting: string
    readonly client: string
    readonly name: string
    readonly value: string
    readonly setAt: string
    readonly setBy: string
  }[]
  readonly unlisted: number
  readonly problem?: string
}

/** Shows clients and settings. */
export async function controlList(
  terminal: Terminal,
  values: Resolved<typeof controlListFields>,
): Promise<void> {
  const query = new URLSearchParams({ client: values.client })
  const listed = await getJson<Listed>(values, `/api/control?${query.toString()}`, { page })
  if (values.format === 'json') {
    await terminal.write(`${JSON.stringify(listed, null, 2)}\n`)
    return
  }
  const { style, width } = terminal
  const parts = [
    renderTable(clientTable(listed), width, style),
    renderTable(settingTable(listed), width, style),
  ]
  if (listed.unlisted > 0) {
    parts.push(`${listed.unlisted} polls were of clients for which the list has no room.\n`)
  }
  if (listed.problem !== undefined) parts.push(`${listed.problem}\n`)
  await terminal.write(parts.join('\n'))
}

function clientTable({ clients }: Listed): Table {
  const headings = ['client', 'kind', 'version', 'host', 'pid', 'severity', 'sent/s', 'dropped']
  return {
    columns: [...headings, 'settings', 'seen'].map((heading) => ({
      heading,
      align: ['pid', 'severity', 'sent/s', 'dropped'].includes(heading) ? 'right' : 'left',
    })),
    rows: clients.map((one) => [
      one.name,
      one.kind,
      one.version ?? '',
      one.host ?? '',
      String(one.pid ?? ''),
      String(one.severity ?? ''),
      String(one.perSecond['sent'] ?? ''),
      String(one.counts?.['dropped'] ?? ''),
      one.isCurrent ? 'current' : 'old',
      one.seenAt,
    ]),
  }
}

function settingTable({ settings }: Listed): Table {
  return {
    columns: ['setting', 'value', 'clients', 'names', 'set', 'by'].map((heading) => ({
      heading,
      align: 'left',
    })),
    rows: settings.map(({ client, name, setAt, setBy, setting, value }) => [
      setting,
      value,
      client,
      name,
      setAt,
      setBy,
    ]),
  }
}

/** Sets something. */
export async function controlSet(
  terminal: Terminal,
  {
    setting,
    value,
    values,
  }: {
    readonly setting: string
    readonly value: string
    readonly values: Resolved<typeof controlSetFields>
  },
): Promise<void> {
  const { client, name } = values
  const body = { setting, value, client, name }
  await getJson(values, '/api/control/settings', { method: 'PUT', body, page })
  await terminal.write(`Set ${setting} to ${value} for ${what(client, name)}.\n`)
}

/** Takes a setting back. */
export async function controlUnset(
  terminal: Terminal,
  {
    setting,
    values,
  }: { readonly setting: string; readonly values: Resolved<typeof controlSetFields> },
): Promise<void> {
  const { client, name } = values
  const query = new URLSearchParams({ setting, client, name })
  await getJson(values, `/api/control/settings?${query.toString()}`, { method: 'DELETE', page })
  await terminal.write(`Took ${setting} back for ${what(client, name)}.\n`)
}

function what(client: string, name: string): string {
  return `clients "${client}"${name === '*' ? '' : `, names "${name}"`}`
}
