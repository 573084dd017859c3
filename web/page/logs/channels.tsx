// The channels: loggers divided at their dots and slashes, with how much they and those below wrote.
import { useState } from 'preact/hooks'
import { Shown, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatCount, visible } from '../format.ts'
import { show, state } from '../view-state.ts'

interface Channel {
  readonly name: string
  readonly path: string
  readonly below: Map<string, Channel>
  records: number
  errors: number
  warnings: number
}

/** The tree beside the records. */
export function Channels({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const answered = useAnswer<Table>('loggers', asked)
  return (
    <nav class="channels" aria-label="Channels">
      <Shown answered={answered} what="channels">
        {({ rows }) => {
          const root = treeOf(rows)
          return (
            <ul>
              <li>
                <Name channel={{ ...root, name: 'all channels' }} />
              </li>
              {[...root.below.values()].map((channel) => (
                <Branch channel={channel} depth={0} />
              ))}
            </ul>
          )
        }}
      </Shown>
    </nav>
  )
}

function treeOf(rows: readonly Row[]): Channel {
  const create = (name: string, path: string): Channel => ({
    name,
    path,
    below: new Map(),
    records: 0,
    errors: 0,
    warnings: 0,
  })
  const root = create('', '')
  for (const row of rows) {
    const logger = String(row['logger'])
    let channel = root
    let path = ''
    for (const part of logger === '' ? ['(none)'] : logger.split(/(?<=[./])/).slice(0, 12)) {
      count(channel, row)
      path += part
      const name = part.replace(/[./]$/, '')
      let next = channel.below.get(name)
      if (next === undefined) {
        next = create(name, logger === '' ? '' : path.replace(/[./]$/, ''))
        channel.below.set(name, next)
      }
      channel = next
    }
    count(channel, row)
  }
  return root
}

function count(channel: Channel, row: Row): void {
  channel.records += Number(row['records'])
  channel.errors += Number(row['errors'])
  channel.warnings += Number(row['warnings'])
}

function Branch({ channel, depth }: { readonly channel: Channel; readonly depth: number }) {
  const [isOpen, setOpen] = useState(depth < 1)
  const hasMore = channel.below.size > 0
  return (
    <li>
      {hasMore && (
        <button
          type="button"
          class="fold"
          aria-expanded={isOpen}
          aria-label={`${isOpen ? 'Close' : 'Open'} ${visible(channel.name)}`}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? '▾' : '▸'}
        </button>
      )}
      <Name channel={channel} />
      {hasMore && isOpen && (
        <ul>
          {[...channel.below.values()].map((below) => (
            <Branch channel={below} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  )
}

function Name({ channel }: { readonly channel: Channel }) {
  const { errors, name, path, records, warnings } = channel
  const isChosen = state.value.logger === path
  return (
    <>
      <button
        type="button"
        class={`link ${isChosen ? 'chosen' : ''}`}
        aria-pressed={isChosen}
        onClick={() => show({ logger: path })}
      >
        {visible(name)}
      </button>{' '}
      <small>
        {formatCount(records)}
        {errors > 0 && <span class="bad"> {formatCount(errors)} errors</span>}
        {warnings > 0 && <span> {formatCount(warnings)} warnings</span>}
      </small>
    </>
  )
}
