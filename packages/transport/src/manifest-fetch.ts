/** Fetches manifests, with a size limit, and verifies them against the requested digest. */
import type { IncomingHttpHeaders } from 'node:http';
import {
  Digester,
  digestAlgorithm,
  isDigest,
  MANIFEST_TYPES,
  MAX_MANIFEST_BYTES,
} from '@berth/oci';
import type { Digest, RawDocument } from '@berth/oci';
import { IntegrityError } from '@berth/errors';
import type { RegistrySession } from './registry-session.ts';
import { discardBody } from './response-body.ts';

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
  const { bytes, headers } = await request.session.fetchWhole({
    ...query(request, 'GET'),
    limitBytes: MAX_MANIFEST_BYTES,
  });
  const mediaType = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const expected = request.digest ?? statedDigest(headers);
  const digest = digestLike(expected, bytes);
  if (expected !== undefined && digest !== expected) throw mismatch(request, { expected, digest });
  return { bytes, digest, mediaType };
}

/** The digest that a tag has now, without fetching the manifest where the registry allows. */
export async function fetchManifestDigest(request: ManifestRequest): Promise<Digest> {
  const response = await request.session.fetch(query(request, 'HEAD'));
  await discardBody(response);
  return statedDigest(response.headers) ?? (await fetchManifest(request)).digest;
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

/** The digest that the registry states; undefined if its text is no digest. */
function statedDigest(headers: IncomingHttpHeaders): Digest | undefined {
  const value = headers['docker-content-digest'];
  return typeof value === 'string' && isDigest(value) ? value : undefined;
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
