/** Reads small answers whole, up to a limit, so that a server can't fill the memory. */
import { TransportError } from '@berth/errors';
import type { HttpResponse } from './http-client.ts';
import { addressForPeople, explainNetworkError } from './network-failure.ts';

interface BodyLimits {
  readonly limitBytes: number;
  readonly idleTimeoutMs: number;
}

/**
 * The whole body. Throws TransportError when it is longer than the limit (the connection is
 * dropped, the rest unread), stalls or is cut off.
 */
export async function readBody(response: HttpResponse, limits: BodyLimits): Promise<Buffer> {
  const { body } = response;
  const url = addressForPeople(response.url);
  const declared = Number(response.headers['content-length'] ?? 0);
  if (declared > limits.limitBytes) {
    body.destroy();
    throw tooLarge(url, { sizeBytes: declared, limitBytes: limits.limitBytes });
  }
  const timer = setTimeout(() => {
    body.destroy(
      new TransportError(
        'REGISTRY_TIMEOUT',
        `read "${url}": no data for ${limits.idleTimeoutMs / 1000} s`,
        {
          details: { url, temporary: true },
        },
      ),
    );
  }, limits.idleTimeoutMs);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      timer.refresh();
      sizeBytes += chunk.length;
      if (sizeBytes > limits.limitBytes)
        throw tooLarge(url, { sizeBytes, limitBytes: limits.limitBytes });
      chunks.push(chunk);
    }
  } catch (error) {
    throw explainNetworkError(error, {
      request: { method: 'GET', url: response.url },
      proxy: undefined,
    });
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks, sizeBytes);
}

/**
 * Discards the body. If the rest is short it is read, so that the connection can serve the next
 * request; else the connection is closed. Never throws.
 */
export async function discardBody(response: HttpResponse): Promise<void> {
  try {
    await readBody(response, { limitBytes: 64 * 1024, idleTimeoutMs: 1_000 });
  } catch {
    response.body.destroy();
  }
}

function tooLarge(url: string, size: { sizeBytes: number; limitBytes: number }): TransportError {
  return new TransportError(
    'REGISTRY_ANSWER_TOO_LARGE',
    `read "${url}": ${size.sizeBytes} bytes are more than the limit of ${size.limitBytes}`,
    { details: { url, temporary: false } },
  );
}
