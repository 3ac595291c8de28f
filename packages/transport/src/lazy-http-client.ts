/**
 * An HTTP client that loads its runtime modules with the first request. node:http and node:tls
 * take about 15 ms to load, and commands that only read archives or configuration do not need
 * them.
 */
import type { HttpClient, HttpClientOptions } from './http-client.ts';
import type { TrustOptions } from './tls-trust.ts';

/** Like HttpClientOptions, but with the sources of the trust instead of the trust. */
export interface LazyClientOptions extends Omit<HttpClientOptions, 'tlsProfile'> {
  readonly trust: TrustOptions;
}

/** The client; closing it before its first request does nothing. */
export function lazyHttpClient(options: LazyClientOptions): HttpClient {
  let loading: Promise<HttpClient> | undefined;
  return {
    async send(request) {
      loading ??= load(options);
      return (await loading).send(request);
    },
    close() {
      void loading?.then((client) => {
        client.close();
      });
    },
  };
}

async function load(options: LazyClientOptions): Promise<HttpClient> {
  const { createHttpClient } = await import('./http-client.ts');
  const { createTrust } = await import('./tls-trust.ts');
  return createHttpClient({ ...options, tlsProfile: createTrust(options.trust) });
}
