import {
  type CallOptions,
  compressionAlgorithms,
  Client,
  credentials,
  type Metadata,
  type ServiceError,
} from '@grpc/grpc-js'

/** A gRPC client that sends and gets bytes. */
export interface RawGrpcClient {
  /** @returns the response. @throws ServiceError */
  call(path: string, message: Uint8Array, options?: CallOptions): Promise<Buffer>
  close(): void
}

export function createRawGrpcClient(
  port: number,
  options: { readonly isGzip?: boolean } = {},
): RawGrpcClient {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
    'grpc.enable_retries': 0,
    ...(options.isGzip === true
      ? { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }
      : {}),
  })
  const asItIs = (bytes: Buffer): Buffer => bytes
  return {
    call(path, message, callOptions = {}) {
      return new Promise((resolve, reject) => {
        const body = Buffer.from(message)
        client.makeUnaryRequest(path, asItIs, asItIs, body, callOptions, (error, response) => {
          if (error !== null) reject(error)
          else resolve(response ?? Buffer.alloc(0))
        })
      })
    },
    close: () => client.close(),
  }
}

/** The google.rpc.Status of a failed call, where it has one. */
export function statusDetails(error: { readonly metadata: Metadata }): Uint8Array | undefined {
  const [details] = error.metadata.get('grpc-status-details-bin')
  return details instanceof Uint8Array ? details : undefined
}

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call
  } catch (error) {
    return error as ServiceError
  }
  throw new Error('The call succeeded, but it should have failed')
}
