// Which functions of the engine take the name of a function as an argument, asked of chDB itself in
// a process of its own, on the folder that is given: five thousand statements over HTTP would take
// minutes. Prints their names.
import { loadChdb } from '@wayward/clickhouse/engine/chdb'

const chdb = loadChdb()
const [, , folder = ''] = process.argv
const connection = chdb.CreateConnection(folder)

async function ask(sql: string): Promise<string> {
  return (await chdb.QueryAsyncConnection(connection, sql, 'TSVRaw')).bytes.toString()
}

/** A call that is refused takes none. */
const isTaken = async (call: string): Promise<boolean> => {
  try {
    return (await ask(`EXPLAIN QUERY TREE SELECT ${call}`)).includes('__function_ref')
  } catch {
    return false
  }
}

const names = (await ask('SELECT name FROM system.functions WHERE NOT is_aggregate')).trim()
const takers: string[] = []
for (const name of names.split('\n')) {
  for (const call of ["lower, ['A']", "lower, 'A'", "'A', lower"]) {
    if (await isTaken(`\`${name}\`(${call})`)) takers.push(name)
  }
}
chdb.CloseConnection(connection)
console.log(JSON.stringify({ asked: names.split('\n').length, takers }))
