// Requests of items that are encoded already.
import { encode, ProtobufWriter, scope } from '@wayward/otlp'

/** `ResourceSpans`, `ScopeSpans` and their like for logs, whose fields have the same numbers. */
const field = { perResource: 1, resource: 1, perScope: 2, scope: 1, item: 2 } as const

/** Writes requests of one resource and one scope. */
export class RequestWriter {
  readonly #resource: Uint8Array
  readonly #scope: Uint8Array
  readonly #writer = new ProtobufWriter()

  /** @param resource a `Resource` message */
  constructor(resource: Uint8Array, scopeName: string) {
    this.#resource = resource
    this.#scope = encode(scope, { name: scopeName })
  }

  /** @param items `Span` or `LogRecord` messages */
  write(items: Iterable<{ readonly bytes: Uint8Array }>): Uint8Array {
    const writer = this.#writer
    writer.reset()
    const perResource = writer.begin(field.perResource)
    writer.content(field.resource, this.#resource)
    const perScope = writer.begin(field.perScope)
    writer.content(field.scope, this.#scope)
    for (const { bytes } of items) writer.content(field.item, bytes)
    writer.end(perScope)
    writer.end(perResource)
    return writer.toBytes()
  }
}
