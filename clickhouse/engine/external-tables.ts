/**
 * Files of a form become temporary tables of the request's own connection, which end with it. All
 * that comes from outside is within string literals and one quoted name; the engine reads a file of
 * ours, and nothing is computed: the columns are names and types, and no format with expressions in
 * it, or with a schema elsewhere, is taken.
 */
import { writeFile } from 'node:fs/promises'
import { parseColumnList, splitTypes } from './column-list.ts'
import type { Connection } from './database.ts'
import { ClickhouseException, exceptionFrom } from './exception.ts'
import type { InsertFiles } from './insert-files.ts'
import { quoteIdentifier, quoteString } from './sql-text.ts'

/** A file of a form. */
export interface FormFile {
  readonly name: string
  readonly bytes: Buffer
}

/** A table that a request brings with it. */
export interface ExternalTable extends FormFile {
  readonly format: string
  /** `a UInt8, b String` */
  readonly structure: string
}

const formats =
  /^(?:(?:TabSeparated|TSV|CSV|JSON|RowBinary)\w*|TSKV|LineAsString|RawBLOB|Native|Parquet|Arrow|ArrowStream|ORC|Avro|MsgPack)$/

/**
 * Finds what the parameters say about each file, and takes it out of them, as all others are
 * settings.
 *
 * @throws ClickhouseException
 */
export function externalTables(
  files: readonly FormFile[],
  parameters: URLSearchParams,
): readonly ExternalTable[] {
  const take = (name: string): string | undefined => {
    const value = parameters.get(name)
    parameters.delete(name)
    return value ?? undefined
  }
  return files.map((file) => {
    const { name } = file
    const format = take(`${name}_format`) ?? 'TabSeparated'
    const types = take(`${name}_types`)
    const structure = take(`${name}_structure`) ?? (types === undefined ? '' : numbered(types))
    if (!formats.test(format)) {
      throw refused(
        `The format of the external table "${name}" is "${format}", but one without a schema elsewhere is wanted, such as TabSeparated, JSONEachRow or Native`,
      )
    }
    if (parseColumnList(structure) === undefined) {
      throw refused(
        `The structure of the external table "${name}" is "${structure}", but names and types are wanted: give ${name}_structure=a UInt8, b String, or ${name}_types=UInt8,String`,
      )
    }
    return { ...file, format, structure }
  })
}

/** As ClickHouse names columns of which only the types are known. */
function numbered(types: string): string {
  return splitTypes(types)
    .map((type, index) => `_${index + 1} ${type}`)
    .join(', ')
}

/** Makes them on a connection that may still write. @throws ClickhouseException */
export async function createExternalTables(
  connection: Connection,
  insertFiles: InsertFiles,
  tables: readonly ExternalTable[],
): Promise<void> {
  for (const { name, bytes, format, structure } of tables) {
    const path = insertFiles.take()
    try {
      await writeFile(path, bytes)
      const source = [path, format, structure, 'none'].map(quoteString).join(', ')
      await connection.run(
        `CREATE TEMPORARY TABLE ${quoteIdentifier(name)} ENGINE = Memory AS SELECT * FROM file(${source})`,
      )
    } catch (error) {
      const exception = exceptionFrom(error)
      // Where the file lay is nobody's business.
      const text = exception.message
        .replaceAll(`: (in file/uri ${path})`, '')
        .replaceAll(path, 'the body')
        .replace(ownScope, '')
      throw exception.saying(`The external table "${name}": ${text}`)
    } finally {
      await insertFiles.release(path)
    }
  }
}

/** Takes them off a connection that is kept. */
export async function dropExternalTables(
  connection: Connection,
  tables: readonly ExternalTable[],
): Promise<void> {
  for (const { name } of tables) {
    await connection.run(`DROP TEMPORARY TABLE IF EXISTS ${quoteIdentifier(name)}`)
  }
}

const ownScope = /: In scope SELECT \* FROM file\([^]*$/

function refused(message: string): ClickhouseException {
  return new ClickhouseException('BAD_ARGUMENTS', message)
}
