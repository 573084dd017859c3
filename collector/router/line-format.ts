// How an item becomes a line: `json`, `metlog`, or a text with names in brackets.
import { createTemplate, type Template } from './item-text.ts'
import type { SettingReader } from './router-settings.ts'

/** Makes a template of a setting. @throws RouterError */
export function templateOf(settings: SettingReader, key: string, text: string): Template {
  const template = createTemplate(text)
  return template instanceof Error ? settings.refuse(key, template.message) : template
}

/** Reads `format` and makes lines by it: what an item brings along cannot make two of one. */
export function lineMaker(settings: SettingReader, byDefault = 'json'): Template {
  const format = settings.text('format', byDefault)
  const text = format === 'json' || format === 'metlog' ? `{${format}}` : format
  const template = templateOf(settings, 'format', text)
  return (item) => template(item).replace(/\r?\n|\r/g, '\\n')
}
