// The two pages of mmash: a list of labels, and plots that are drawn while one looks.
import type { Stat } from '../format/stat.ts'
import { statText } from './stat-text.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}

function page(title: string, body: string): string {
  const style =
    'body{font:14px sans-serif;margin:2em}canvas{border:1px solid #ccc;display:block}dt{font-weight:bold}'
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style><body>${body}</body></html>\n`
}

/** The list of all labels. */
export function indexPage(globs: string, labels: readonly string[]): string {
  const items = labels.map(
    (label) => `<li><a href="/stats/${encodeURIComponent(label)}">${escapeHtml(label)}</a></li>`,
  )
  return page(
    'mmstats',
    `<h1>${escapeHtml(globs)}</h1><p><a href="/graph/">View with plots and polling</a></p><ul>${items.join('')}</ul>`,
  )
}

/** The plots. */
export function graphPage(
  globs: string,
  found: readonly { readonly path: string; readonly stat: Stat }[],
): string {
  const stats = found.map(({ stat }) => stat).toSorted((a, b) => (a.label < b.label ? -1 : 1))
  const texts = stats.filter(({ value }) => typeof value === 'string')
  const labels = new Set(
    stats.filter(({ value }) => typeof value !== 'string').map(({ label }) => label),
  )
  const definitions = texts.map(
    (stat) => `<dt>${escapeHtml(stat.label)}</dt><dd>${escapeHtml(statText(stat))}</dd>`,
  )
  const plots = [...labels].map(
    (label) =>
      `<section data-label="${escapeHtml(label)}"><h2>${escapeHtml(label)}: <output></output></h2><button data-do="plot">Toggle plotting</button> <button data-do="update">Toggle updating</button><canvas width="600" height="120" hidden></canvas></section>`,
  )
  const fields = [
    '<label>Time between samples, ms <input id="every" type="number" value="2000" min="50" max="10000"></label>',
    '<label>Samples shown <input id="shown" type="number" value="100" min="10" max="1000"></label>',
    '<label>Rolling average over <input id="rolling" type="number" value="10" min="2" max="1000"></label>',
  ]
  return page(
    'mmstats plots',
    `<h1>${escapeHtml(globs)}</h1><p>${fields.join(' ')}</p><dl>${definitions.join('')}</dl>${plots.join('')}<script>${plotScript}</script>`,
  )
}

// What the browser runs: each section polls its own label and draws values and their average.
const plotScript = `
const setting = (id) => {
  const { value, defaultValue, min, max } = document.getElementById(id)
  const most = id === 'rolling' ? setting('shown') : Number(max)
  return Math.min(most, Math.max(Number(min), Number(value) || Number(defaultValue)))
}
for (const section of document.querySelectorAll('section')) {
  const canvas = section.querySelector('canvas')
  const values = []
  let updating = false
  let timer
  const average = (index) => {
    const last = values.slice(Math.max(0, index + 1 - setting('rolling')), index + 1)
    return last.reduce((sum, value) => sum + value, 0) / last.length
  }
  const line = (points, color) => {
    const pen = canvas.getContext('2d')
    const low = Math.min(...values), high = Math.max(...values)
    pen.strokeStyle = color
    pen.beginPath()
    points.forEach((value, index) => {
      const x = (index / Math.max(setting('shown') - 1, 1)) * canvas.width
      const y = canvas.height - 5 - ((value - low) / (high - low || 1)) * (canvas.height - 10)
      if (index === 0) pen.moveTo(x, y)
      else pen.lineTo(x, y)
    })
    pen.stroke()
  }
  const draw = () => {
    canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height)
    line(values, '#888')
    line(values.map((_, index) => average(index)), '#c33')
  }
  const poll = async () => {
    clearTimeout(timer)
    if (!updating) return
    timer = setTimeout(poll, setting('every'))
    const label = section.dataset.label
    const answer = await fetch('/stats/' + encodeURIComponent(label) + '?exact=1')
    const value = Number((await answer.json())[label]?.[0])
    section.querySelector('output').value = value
    values.push(value)
    while (values.length > setting('shown')) values.shift()
    if (!canvas.hidden) draw()
  }
  section.addEventListener('click', (event) => {
    const act = event.target.dataset.do
    if (act === 'plot') canvas.hidden = !canvas.hidden
    if (act === 'update' || (act === 'plot' && !updating)) {
      updating = act === 'plot' ? true : !updating
      poll()
    }
  })
}
`
