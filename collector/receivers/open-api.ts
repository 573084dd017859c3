// Addresses of receivers as an OpenAPI document (3.1), from the schemas that bodies are checked
// against.
import type { JsonSchema } from './jobs/json-schema.ts'

/** An operation: what it is for, what it takes. */
export interface Operation {
  readonly method: 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete'
  readonly path: string
  readonly summary: string
  readonly query?: readonly string[]
  readonly body?: JsonSchema | 'text'
  readonly answers: Readonly<Record<number, string>>
  /** Whether the key in the address says who sends. */
  readonly hasKey?: boolean
}

/** What the document says of itself. */
export interface OpenApiInfo {
  readonly title: string
  readonly description: string
}

/** The document as text. */
export function openApiDocument(info: OpenApiInfo, operations: readonly Operation[]): string {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const at = (paths[operation.path] ??= {})
    at[operation.method] = describe(operation)
  }
  const document = {
    openapi: '3.1.0',
    info: { title: info.title, version: '1', description: info.description },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{ token: [] }],
    paths,
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function describe(operation: Operation): Readonly<Record<string, unknown>> {
  const { answers, body, hasKey, method, path, query = [], summary } = operation
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = query.map((name) => ({ name, in: 'query', schema: { type: 'string' } }))
  const name = path.replace(/\W+/g, ' ').trim().replaceAll(' ', '_')
  return {
    operationId: `${method}_${name}${path.endsWith('/') ? '_slash' : ''}`,
    summary,
    ...(hasKey === true ? { security: [] } : {}),
    parameters: [...inPath, ...inQuery],
    ...(body === undefined ? {} : { requestBody: toRequestBody(body) }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, description]) => [status, { description }]),
    ),
  }
}

function toRequestBody(body: JsonSchema | 'text'): Readonly<Record<string, unknown>> {
  const content =
    body === 'text'
      ? { 'text/plain': { schema: { type: 'string' } } }
      : { 'application/json': { schema: body } }
  return { content }
}
