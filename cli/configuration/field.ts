// A setting is declared once, as a Field. Flags, environment variables, keys of the YAML file,
// `--help` and docs/configuration.md all come from that declaration.

/** How the text of a setting becomes a value. */
export interface FieldType<T> {
  /** Whether the YAML file may give a list, whose items are joined by commas. */
  readonly isList?: boolean
  /** Whether the flag may be given several times; the texts come with line feeds between. */
  readonly isRepeated?: boolean
  /** Shown in `--help` as the option's argument: `<host:port>`. */
  readonly placeholder: string
  /** What is wanted, for error messages: `host:port, such as 127.0.0.1:4317`. */
  readonly wanted: string
  /** @throws FieldError if the text is no such value */
  parse(text: string, base: string): T
}

/** One setting. The flag `data-dir` gives WAYWARD_DATA_DIR and the YAML key `data-dir`. */
export interface Field<T> {
  readonly flag: string
  /** The flag's name on commands that read, where it differs. */
  readonly readingFlag?: string
  readonly type: FieldType<T>
  /** As a person would write it; absent if the setting may be left out. */
  readonly default?: string
  readonly text: string
  /**
   * Settings that make sense for one call only have no environment variable and no key in the file.
   */
  readonly isFlagOnly?: boolean
}

/** The text is not a value of the field's type. Its message completes "… is …". */
export class FieldError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FieldError'
  }
}

export function environmentVariable(field: Field<unknown>): string {
  return `WAYWARD_${field.flag.toUpperCase().replaceAll('-', '_')}`
}
