// The stats files that the service watches: what they hold, and plots of it that are drawn while
// somebody looks.
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../answered.tsx'
import { Chart } from '../charts/chart.tsx'
import { formatQuantity, visible } from '../format.ts'
import { fetchAsMe } from '../token.ts'
import { adjust, state } from '../view-state.ts'
import {
  isNumeric,
  rollingMean,
  type StatsFiles as Found,
  type Together,
  together,
  valueOf,
} from './samples.ts'

/** As the original's page: how often, how many are shown, and over how many the mean goes. */
const settings = {
  everyMs: { title: 'Time between samples, ms', value: 2000, min: 250, max: 10_000 },
  shown: { title: 'Samples shown', value: 100, min: 10, max: 1000 },
  rolling: { title: 'Mean over the last', value: 10, min: 2, max: 1000 },
} as const
type Setting = keyof typeof settings
type Settings = Readonly<Record<Setting, number>>

const plotsMax = 12

interface Sample {
  readonly at: string
  readonly files: Found['files']
}

/** The page of stats files. */
export function StatsFiles() {
  const [chosen, setChosen] = useState<Settings>({
    everyMs: settings.everyMs.value,
    shown: settings.shown.value,
    rolling: settings.rolling.value,
  })
  const [way, setWay] = useState<Together>('sum')
  const { error, found, samples } = useSamples(chosen)
  if (error !== '')
    return (
      <p class="problem" role="alert">
        {error}
      </p>
    )
  if (found === undefined) return <p class="quiet">Asking for stats files …</p>
  if (found.files.length === 0) return <Nothing globs={found.globs} />
  const plotted = state.value.name.split('\n').filter((label) => label !== '')
  return (
    <>
      <p class="tools">
        {(Object.keys(settings) as Setting[]).map((key) => (
          <NumberField
            setting={key}
            value={chosen[key]}
            change={(value) => setChosen({ ...chosen, [key]: value })}
          />
        ))}
        <label>
          Files together{' '}
          <select value={way} onChange={(event) => setWay(event.currentTarget.value as Together)}>
            {Object.keys(together).map((key) => (
              <option value={key}>{key}</option>
            ))}
          </select>
        </label>
      </p>
      {plotted.map((label) => (
        <Plot label={label} samples={samples} settings={chosen} way={way} />
      ))}
      <Files found={found} plotted={plotted} />
    </>
  )
}

function Nothing({ globs }: { readonly globs: readonly string[] }) {
  return (
    <p class="empty">
      {globs.length === 0
        ? 'No stats files are watched: start the service with --mmstats and a pattern, such as --mmstats "/tmp/*.mmstats".'
        : `There are no files of ${globs.join(', ')} yet.`}
    </p>
  )
}

/** Asks again and again while the page is seen; the last samples, as many as are shown. */
function useSamples({ everyMs, shown }: Settings) {
  const [found, setFound] = useState<Found | undefined>(undefined)
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const [error, setError] = useState('')
  useEffect(() => {
    const gone = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          const response = await fetchAsMe('/api/stats-files', gone.signal)
          if (!response.ok) throw new Error(`The service answered ${response.status}`)
          const now = (await response.json()) as Found
          const sample = { at: new Date().toISOString().slice(11, 19), files: now.files }
          setFound(now)
          setSamples((before) => [...before, sample].slice(-shown))
          setError('')
        }
      } catch (problem) {
        if (!gone.signal.aborted) setError(messageOf(problem))
      }
      if (!gone.signal.aborted) timer = setTimeout(() => void look(), everyMs)
    }
    // It says by itself what went wrong.
    void look()
    return () => {
      gone.abort()
      clearTimeout(timer)
    }
  }, [everyMs, shown])
  return { error, found, samples }
}

function NumberField({
  change,
  setting,
  value,
}: {
  readonly setting: Setting
  readonly value: number
  readonly change: (value: number) => void
}) {
  const { max, min, title } = settings[setting]
  return (
    <label>
      {title}{' '}
      <input
        type="number"
        min={min}
        max={max}
        value={value}
        onChange={(event) => {
          const wanted = event.currentTarget.valueAsNumber
          const taken = Number.isNaN(wanted) ? settings[setting].value : wanted
          change(Math.min(max, Math.max(min, Math.round(taken))))
        }}
      />
    </label>
  )
}

function Plot({
  label,
  samples,
  settings: { rolling, shown },
  way,
}: {
  readonly label: string
  readonly samples: readonly Sample[]
  readonly settings: Settings
  readonly way: Together
}) {
  const values = samples.map(({ files }) => valueOf(files, label, way))
  const ahead = Array.from({ length: shown - values.length }, () => undefined)
  const placed = [...ahead, ...values]
  const last = values.at(-1)
  return (
    <section aria-label={label}>
      <Chart
        title={`${visible(label)}: ${last === undefined ? '–' : formatQuantity(last, '')}`}
        series={[
          { name: 'values', look: 'idle', form: 'line', values: placed },
          {
            name: `mean of ${rolling}`,
            look: 'wait',
            form: 'line',
            values: rollingMean(placed, rolling),
          },
        ]}
        places={shown}
        formatPlace={(place) => samples[place - ahead.length]?.at ?? '–'}
        formatValue={(value) => formatQuantity(value, '')}
      />
    </section>
  )
}

function Files({ found, plotted }: { readonly found: Found; readonly plotted: readonly string[] }) {
  const { files, found: count } = found
  const toggle = (label: string): void => {
    const others = plotted.filter((one) => one !== label)
    const next = others.length === plotted.length ? [...others, label].slice(-plotsMax) : others
    adjust({ name: next.join('\n') })
  }
  return (
    <>
      {count > files.length && (
        <p class="quiet">
          The first {files.length} of {count} files.
        </p>
      )}
      {files.map(({ fields, path, pid, problem, state: life }) => (
        <details open={files.length <= 3}>
          <summary>
            {visible(path)}{' '}
            <small>
              {pid === undefined ? 'no process is named' : `process ${pid}`}, {life ?? 'unknown'}
            </small>
          </summary>
          {problem !== undefined && <p class="bad">{visible(problem)}</p>}
          <table>
            <thead>
              <tr>
                <th>Field</th>
                <th class="number">Value</th>
                <th>Plot</th>
              </tr>
            </thead>
            <tbody>
              {fields.map(({ label, value }) => (
                <tr>
                  <td>{visible(label)}</td>
                  <td class="number">{textOf(value)}</td>
                  <td>
                    {isNumeric(value) && (
                      <button
                        type="button"
                        aria-label={`Plot ${label}`}
                        aria-pressed={plotted.includes(label)}
                        onClick={() => toggle(label)}
                      >
                        Plot
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      ))}
    </>
  )
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 6 })
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}
