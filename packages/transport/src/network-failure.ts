/**
 * Turns what node:http, node:net and node:tls throw into one TransportError that says what went
 * wrong in the same words on every runtime, and whether trying again can help.
 */
import { EngineError, TransportError } from '@berth/errors';

interface FailureContext {
  readonly request: { readonly method: string; readonly url: URL };
  readonly proxy: URL | undefined;
}

interface Failure {
  readonly code: string;
  readonly cause: string;
  readonly temporary: boolean;
  readonly hint?: string;
}

const DROPPED = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);
const UNREACHABLE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL']);
const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * The error to throw for `thrown`. Ours and an abort by the caller's signal pass through
 * unchanged; everything else becomes a TransportError with `details.temporary`.
 */
export function explainNetworkError(thrown: unknown, context: FailureContext): unknown {
  if (thrown instanceof EngineError || !(thrown instanceof Error)) return thrown;
  if (thrown.name === 'AbortError') return thrown;
  const { request, proxy } = context;
  const failure = classify(thrown, request.url.host);
  const peer =
    proxy === undefined ? request.url.host : `${request.url.host}" by way of "${proxy.host}`;
  return new TransportError(failure.code, `connect to "${peer}": ${failure.cause}`, {
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    details: {
      method: request.method,
      url: addressForPeople(request.url),
      errno: errnoOf(thrown),
      temporary: failure.temporary,
    },
  });
}

/** True when trying the same request again may succeed. */
export function isTemporary(error: unknown): boolean {
  return error instanceof TransportError && error.details['temporary'] === true;
}

/** As an error that may pass: what answered a moment ago restarts, or its network is away. */
export function asPassing(error: unknown): unknown {
  if (!(error instanceof TransportError) || error.code !== 'REGISTRY_DOWN') return error;
  const { code, message, details } = error;
  return new TransportError(code, message, { details: { ...details, temporary: true } });
}

/** An address without what may be secret in it: user, password, and signed query strings. */
export function addressForPeople(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function errnoOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function classify(error: Error, host: string): Failure {
  const code = errnoOf(error);
  if (code === 'ENOTFOUND') {
    return { code: 'REGISTRY_UNKNOWN_HOST', cause: 'no such host', temporary: false };
  }
  if (code === 'EAI_AGAIN') {
    return {
      code: 'REGISTRY_UNKNOWN_HOST',
      cause: 'the name server does not answer',
      temporary: true,
    };
  }
  if (code === 'ECONNREFUSED') {
    return { code: 'REGISTRY_DOWN', cause: 'connection refused', temporary: false };
  }
  if (UNREACHABLE.has(code)) {
    return { code: 'REGISTRY_DOWN', cause: 'no route to the host', temporary: false };
  }
  if (code === 'ETIMEDOUT') {
    return { code: 'REGISTRY_TIMEOUT', cause: 'no answer in time', temporary: true };
  }
  if (DROPPED.has(code)) {
    return { code: 'REGISTRY_CUT_OFF', cause: 'the connection was cut off', temporary: true };
  }
  return classifyTls(error, { code, host });
}

function classifyTls(error: Error, { code, host }: { code: string; host: string }): Failure {
  if (UNTRUSTED.has(code)) {
    return {
      code: 'REGISTRY_UNTRUSTED',
      cause: `certificate not trusted: ${error.message}`,
      temporary: false,
      hint:
        `put its authority in ~/.config/containers/certs.d/${host}/ca.crt, ` +
        'or use --tls-verify=false',
    };
  }
  if (
    /wrong.version.number|packet length too long|http request/i.test(`${code} ${error.message}`)
  ) {
    return {
      code: 'REGISTRY_NOT_TLS',
      cause: 'it answers without TLS',
      temporary: false,
      hint: 'use --tls-verify=false if this registry is meant to have no TLS',
    };
  }
  if (/certificate.required|bad.certificate|handshake.failure/i.test(`${code} ${error.message}`)) {
    return {
      code: 'REGISTRY_WANTS_CERTIFICATE',
      cause: 'it refused the TLS handshake: it may want a client certificate',
      temporary: false,
      hint: `put client.cert and client.key in ~/.config/containers/certs.d/${host}/`,
    };
  }
  if (code.startsWith('HPE_')) {
    return { code: 'REGISTRY_NOT_HTTP', cause: 'its answer is not HTTP', temporary: false };
  }
  return { code: 'REGISTRY_UNREACHABLE', cause: error.message, temporary: false };
}
