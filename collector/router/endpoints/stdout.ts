// A line for each item on the standard output, for those who run in containers.
import { type Endpoint, sent } from '../endpoint.ts'
import { lineMaker } from '../line-format.ts'
import type { SettingReader } from '../router-settings.ts'

/** Makes the endpoint: `format`. */
export function createStdoutEndpoint(settings: SettingReader): Endpoint {
  const toLine = lineMaker(settings)
  return {
    render: (items) => items.map(toLine).join('\n'),
    async send(items) {
      const text = items.map((item) => `${toLine(item)}\n`).join('')
      await new Promise<void>((resolve, reject) => {
        process.stdout.write(text, (error) => {
          if (error === null || error === undefined) resolve()
          else reject(error)
        })
      })
      return sent
    },
  }
}
