/** Where a client asks for what is set of it. */
export interface ControlSettings {
  /** The collector's API, such as `http://127.0.0.1:4320`. */
  readonly url: string
  /** A token of the collector. @default none */
  readonly token?: string
  /** @default as the collector wishes, at first 15000 */
  readonly intervalMs?: number
  /** Certificates of an authority of your own, as PEM. @default those of the system */
  readonly ca?: string
}
