/** Fetches manifests: limited, verified against the digest they were asked by. */
import {
  Digester,
  digestAlgorithm,
  MANIFEST_TYPES,
  MAX_MANIFEST_BYTES,
  parseDigest,
} from '@berth/oci';
import type { Digest, RawDocument } from '@berth/oci';
import { IntegrityError } from '@berth/errors';
import type { RegistrySession } from './registry-session.ts';
import { discardBody, readBody } from './response-body.ts';

/** A manifest of a repository, by tag or by digest. */
export interface ManifestRequest {
  readonly session: RegistrySession;
  readonly repository: string;
  /** For messages: as the user named it. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/**
 * The manifest's exact bytes, which have the digest that was asked for. By tag, the digest that
 * the registry states (if any) must fit as well: bytes damaged on the way are not an image.
 * Throws IntegrityError, NotFoundError, TransportError.
 */
export async function fetchManifest(request: ManifestRequest): Promise<RawDocument> {
  const response = await request.session.fetch(query(request, 'GET'));
  const bytes = await readBody(response, {
    limitBytes: MAX_MANIFEST_BYTES,
    idleTimeoutMs: request.session.options.idleTimeoutMs,
  });
  const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const stated = header(response.headers['docker-content-digest']);
  const expected = request.digest ?? (stated === undefined ? undefined : parseDigest(stated));
  const digest = digestLike(expected, bytes);
  if (expected !== undefined && digest !== expected) throw mismatch(request, { expected, digest });
  return { bytes, digest, mediaType };
}

/** The digest that a tag has now, without fetching the manifest where the registry allows. */
export async function fetchManifestDigest(request: ManifestRequest): Promise<Digest> {
  const response = await request.session.fetch(query(request, 'HEAD'));
  await discardBody(response);
  const stated = header(response.headers['docker-content-digest']);
  return stated === undefined ? (await fetchManifest(request)).digest : parseDigest(stated);
}

/** The digest of `bytes` by the algorithm of `model`. */
export function digestLike(model: Digest | undefined, bytes: Uint8Array): Digest {
  const digester = new Digester(model === undefined ? 'sha256' : digestAlgorithm(model));
  digester.update(bytes);
  return digester.digest();
}

function query(
  request: ManifestRequest,
  method: 'GET' | 'HEAD',
): Parameters<RegistrySession['fetch']>[0] {
  const reference = request.digest ?? request.tag ?? 'latest';
  return {
    method,
    path: `/v2/${request.repository}/manifests/${reference}`,
    repository: request.repository,
    headers: { accept: MANIFEST_TYPES.join(', ') },
    action: `fetch manifest of "${request.name}"`,
  };
}

function header(value: string | string[] | undefined): string | undefined {
  const [first] = Array.isArray(value) ? value : [value];
  return first === '' ? undefined : first;
}

function mismatch(
  request: ManifestRequest,
  { expected, digest }: { expected: Digest; digest: Digest },
): IntegrityError {
  const { registry } = request.session.options;
  return new IntegrityError(
    'MANIFEST_DIGEST',
    `fetch manifest of "${request.name}": "${registry}" gives digest ${digest} for ${expected}`,
    { details: { expected, digest } },
  );
}
