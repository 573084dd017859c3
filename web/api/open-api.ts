// The OpenAPI file (3.1, https://spec.openapis.org/oas/v3.1.0), from the declarations of the
// addresses.
import { refusalStatus } from '@wayward/base'
import type { Endpoint } from './endpoint.ts'
import { type JsonSchema, objectOf } from './json-schema.ts'
import { type Parameter, type ParameterName, parameters } from './parameters.ts'

const problem: JsonSchema = objectOf({
  type: { type: 'string' },
  title: { type: 'string' },
  status: { type: 'integer' },
  code: { type: 'string', enum: Object.keys(refusalStatus) },
  detail: { type: 'string', description: 'What was wrong, the value seen and the value wanted' },
})

const token = {
  type: 'http',
  scheme: 'bearer',
  description:
    'One of the token file; without one, that of the address of the page, which serve prints',
}

/** Describes the addresses. */
export async function openApi(endpoints: readonly Endpoint[]): Promise<object> {
  const paths = await Promise.all(
    endpoints.map(
      async (endpoint) => [templateOf(endpoint.path), await describe(endpoint)] as const,
    ),
  )
  const byPath: Record<string, object> = {}
  for (const [path, operation] of paths) byPath[path] = { ...byPath[path], ...operation }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Wayward',
      version: '1',
      description:
        'What was reported, and what is wrong. Questions are asked by the reading account of ClickHouse, ' +
        'and every answer names the SQL behind it. What changes something needs a token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: byPath,
    components: { schemas: { Problem: problem }, securitySchemes: { token } },
  }
}

/** `/api/v1/traces/:traceId` → `/api/v1/traces/{traceId}`. */
function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

async function describe(endpoint: Endpoint): Promise<object> {
  const { operation, path, summary } = endpoint
  const problems = {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  }
  return {
    [endpoint.method?.toLowerCase() ?? 'get']: {
      operationId: operation,
      summary,
      ...(endpoint.method === undefined ? {} : { security: [{ token: [] }] }),
      parameters: endpoint.parameters.map((name) => describeParameter(name, path)),
      ...(endpoint.body === undefined ? {} : { requestBody: bodyOf(endpoint.body) }),
      responses: {
        '200': {
          description: 'The answer',
          content: {
            [endpoint.contentType ?? 'application/json']: { schema: await endpoint.schema() },
          },
        },
        default: { description: 'Why there is no answer (RFC 9457)', content: problems },
      },
    },
  }
}

function bodyOf(type: string): object {
  const schema = { type: 'string', contentMediaType: type }
  return { required: true, content: { [type]: { schema } } }
}

function describeParameter(name: ParameterName, path: string): object {
  const parameter: Parameter = parameters[name]
  const { text, example, schema } = parameter
  const isInPath = path.includes(`/:${name}`)
  const isRepeated = parameter.isRepeated === true && !isInPath
  return {
    name,
    in: isInPath ? 'path' : 'query',
    required: isInPath,
    description: text,
    example,
    schema: isRepeated ? { type: 'array', items: schema } : schema,
  }
}
