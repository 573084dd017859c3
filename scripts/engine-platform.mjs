// Says in one line what to do on a platform without an embedded engine, before 600 MB are
// installed for nothing. Plain JavaScript on Node's own modules, because it runs before anything is
// installed; clickhouse/engine/chdb.ts says the same when the service itself is started.

/** The line, or undefined where there is an engine, or a ClickHouse server may be named. */
export function engineAdvice({ os, cpu, isMusl }, words, environment) {
  const hasEngine = ['linux', 'darwin'].includes(os) && ['x64', 'arm64'].includes(cpu) && !isMusl
  if (hasEngine || mayNameServer(words, environment)) return undefined
  const wsl = os === 'win32' ? 'run Wayward in WSL, or ' : ''
  return (
    `There is no embedded engine for ${os} ${cpu}${isMusl ? ' with musl' : ''}: ` +
    `${wsl}name a ClickHouse server with --clickhouse-url`
  )
}

/** A file of settings may do so, too; the service reads it later. */
function mayNameServer(words, environment) {
  return (
    words.some((word) => /^--(?:clickhouse-url|config|help)(?:=|$)/.test(word)) ||
    Boolean(environment.WAYWARD_CLICKHOUSE_URL) ||
    Boolean(environment.WAYWARD_CONFIG)
  )
}

export function thisPlatform() {
  const { header } = process.report.getReport()
  const isMusl = process.platform === 'linux' && header.glibcVersionRuntime === undefined
  return { os: process.platform, cpu: process.arch, isMusl }
}
