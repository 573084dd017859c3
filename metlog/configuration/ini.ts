// The original's configuration files: sections, `key = value`, lists over several lines, and
// `${NAME}` for what stands in the environment.
//
//   [metlog]
//   logger = shop
//   sender_class = metlog.senders.udp.UdpSender
//   sender_host = ${ROUTER}
//   sender_port = 5565
//   disabled_timers =
//     db
//     cache
//   [metlog_filter_quiet]
//   provider = metlog.filters.severity_max_provider
//   severity = 5

/** A value of such a file. */
export type IniValue = string | number | boolean | readonly string[]
/** The sections of such a file, in its order. */
export type IniSections = ReadonlyMap<string, Readonly<Record<string, IniValue>>>

/** A configuration that cannot be used; the message says where. */
export class MetlogConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MetlogConfigurationError'
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a text of this form.
 *
 * @param environment what `${NAME}` stands for
 * @throws MetlogConfigurationError with the line
 */
export function readIni(text: string, environment: Environment): IniSections {
  const sections = new Map<string, Record<string, string[]>>()
  let section: Record<string, string[]> | undefined
  let values: string[] | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue
    const head = /^\[([^\]]+)\]$/.exec(trimmed)?.[1]
    const pair = /^([^=:\s][^=:]*?)\s*[=:]\s*(.*)$/.exec(line)
    if (head !== undefined) {
      section = sections.get(head) ?? (Object.create(null) as Record<string, string[]>)
      sections.set(head, section)
      values = undefined
    } else if (/^\s/.test(line) && values !== undefined) values.push(trimmed)
    else if (pair !== null && section !== undefined) {
      values = pair[2] === '' ? [] : [(pair[2] ?? '').trim()]
      section[(pair[1] ?? '').toLowerCase()] = values
    } else {
      const wanted = section === undefined ? 'a section such as [metlog]' : '"key = value"'
      throw new MetlogConfigurationError(
        `The configuration is wrong at line ${index + 1}: "${trimmed}" is seen, wanted ${wanted}`,
      )
    }
  }
  return new Map(
    [...sections].map(([name, keys]) => [
      name,
      Object.fromEntries(
        Object.entries(keys).map(([key, lines]) => [key, convert(lines, environment)]),
      ),
    ]),
  )
}

function convert(lines: readonly string[], environment: Environment): IniValue {
  const filled = lines.map((one) => fillIn(one, environment))
  if (filled.length !== 1) return filled
  const [text = ''] = filled
  if (/^[-+]?\d{1,15}$/.test(text)) return Number(text)
  if (/^(?:true|t|on|yes)$/i.test(text)) return true
  return /^(?:false|f|off|no)$/i.test(text) ? false : text
}

/**
 * Puts in what stands in the environment.
 *
 * @throws MetlogConfigurationError where a name is not there
 */
export function fillIn(text: string, environment: Environment): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = environment[name]
    if (value === undefined) {
      throw new MetlogConfigurationError(
        `The configuration names the environment variable "${name}", which is not set`,
      )
    }
    return value
  })
}
