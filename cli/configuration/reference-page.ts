// docs/configuration.md, generated from the declarations of the settings.
import { environmentVariable, type Field } from './field.ts'
import {
  configField,
  findingFields,
  limitFields,
  protectionFields,
  selectionFields,
  serveFields,
  storeFields,
} from './fields.ts'

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  return `${[
    '# Configuration',
    '<!-- Generated from cli/configuration/fields.ts by `npm run generate`. Do not edit. -->',
    'Every setting can stand in four places; the first that has it wins:',
    [
      '1. a flag: `wayward serve --otlp-grpc 127.0.0.1:4417`',
      '2. an environment variable: `WAYWARD_OTLP_GRPC=127.0.0.1:4417` (an empty variable counts as unset)',
      '3. a YAML file, named by `--config` or `WAYWARD_CONFIG`, with the same names: `otlp-grpc: 127.0.0.1:4417`',
      '4. the default',
    ].join('\n'),
    'A relative path in a flag or a variable starts from the working folder, in a file from the folder of that file. An unknown name in the file is an error.',
    '## The service: `wayward serve`',
    settingsTable([...Object.values(serveFields), ...Object.values(storeFields), configField]),
    'Port 0 takes any free port; `endpoints.json` in the data folder says which.',
    '### Who may send',
    settingsTable(Object.values(protectionFields)),
    'An address that other machines can reach (anything but `127.0.0.0/8`, `::1` and `localhost`) is refused unless there are TLS and a check of who sends: [security](security.md) says how. The SQL of the embedded engine stays on this machine.',
    '### Limits',
    settingsTable(Object.values(limitFields)),
    'All limits, also those that are fixed, are in the [reference of limits](reference/limits.md).',
    'A YAML file:',
    '```yaml\ndata-dir: /var/lib/wayward\notlp-grpc: 127.0.0.1:4317\nengine-memory: 4GiB\ncors-origin:\n  - https://app.example.com\n  - https://*.example.com\n```',
    '## Where reading commands find the data',
    '`report`, `analyze`, `query` and `sessions` take the same settings for the store, and look in this order: a ClickHouse server (`--url`, `WAYWARD_CLICKHOUSE_URL` or the file); the service that runs on the data folder, by its `endpoints.json`; the data folder itself, which they open for the time of the command.',
    settingsTable([...Object.values(storeFields), configField], true),
    '## Flags of single commands',
    'These belong to one question and have neither a variable nor a name in the file. `query` and `sessions` know the formats table, json and csv.',
    flagsTable([...Object.values(selectionFields), ...Object.values(findingFields)]),
    'Colours are used on a terminal only, and never if `NO_COLOR` is set. `COLUMNS` sets the width of tables where the output is no terminal (120 otherwise).',
    'In the JSON of `query`, 64-bit integers are strings, because most readers of JSON lose digits above 2^53; `report`, `analyze` and `sessions` give numbers. Durations in JSON and CSV are nanoseconds (columns that end in `_ns`), times are UTC.',
    '## Exit codes',
    [
      '| code | meaning |',
      '| --- | --- |',
      '| 0 | done |',
      '| 1 | `report` and `analyze` with `--fail-on`: there are findings of that severity or above, or no answer (`--na`); `migrate --dry-run`: there is something to do |',
      '| 2 | wrong usage: an unknown command or option, a bad value, an address in use, wrong SQL |',
      '| 3 | the store cannot be reached: no data folder, a locked one, a server that is down or refuses the password |',
      '| 4 | the answer cannot be written: the disk behind the standard output is full, or it cannot be written to |',
      '| 70 | an error inside Wayward: please report it |',
      '| 130 | `demo` was interrupted by a signal; the other commands but `serve` die of it, which a shell shows as 128 and its number |',
    ].join('\n'),
  ].join('\n\n')}\n`
}

function settingsTable(fields: readonly Field<unknown>[], isReading = false): string {
  const rows = fields.map((field) => {
    const flag = isReading ? (field.readingFlag ?? field.flag) : field.flag
    return `| \`--${flag}\` | \`${environmentVariable(field)}\` | ${defaultOf(field)} | ${field.text} |`
  })
  return ['| flag | variable | default | meaning |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

function flagsTable(fields: readonly Field<unknown>[]): string {
  const rows = fields.map((field) => {
    const placeholder = field.type.placeholder.replaceAll('|', '\\|')
    return `| \`--${field.flag} <${placeholder}>\` | ${defaultOf(field)} | ${field.text} |`
  })
  return ['| flag | default | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}

function defaultOf(field: Field<unknown>): string {
  return field.default === undefined ? '–' : `\`${field.default}\``
}
