/**
 * Chooses the manifest of an index that suits a platform, in the same way for every kind of
 * source.
 */
import { IntegrityError, NotFoundError } from '@berth/errors';
import type { Descriptor, Digest, Index, Manifest, Platform, RawDocument } from '@berth/oci';
import { choosePlatform, formatPlatform, localPlatform, parseManifest } from '@berth/oci';

/** How deep indexes may hold indexes. */
const MAXIMUM_DEPTH = 4;
/** Platforms listed in an error. */
const MAXIMUM_LISTED = 20;

/** One image, with the document that stands for it and the index that led to it. */
export interface ChosenManifest {
  readonly document: RawDocument;
  readonly manifest: Manifest;
  readonly indexDigest: Digest | undefined;
}

/** How to go from one document to the next. */
export interface ChoiceOptions {
  /** For messages. */
  readonly name: string;
  readonly platform: Platform | undefined;
  /** The document of an index's entry, verified against its digest. */
  readonly follow: (descriptor: Descriptor) => Promise<RawDocument>;
}

/**
 * The manifest in `document`, or below it for the platform (this machine's when undefined).
 * Throws NotFoundError listing what there is, IntegrityError for broken documents.
 */
export async function chooseManifest(
  document: RawDocument,
  options: ChoiceOptions,
): Promise<ChosenManifest> {
  let current = document;
  let indexDigest: Digest | undefined;
  for (let depth = 0; depth < MAXIMUM_DEPTH; depth += 1) {
    const parsed = parseNaming(current, options.name);
    if (parsed.kind === 'manifest') return { document: current, manifest: parsed, indexDigest };
    indexDigest ??= current.digest;
    const entry = chooseEntry(parsed.manifests, options);
    const next = await options.follow(entry);
    if (next.bytes.length !== entry.size) {
      throw new IntegrityError(
        'MANIFEST_SIZE',
        `read the index of "${options.name}": ${entry.digest} has another size`,
      );
    }
    current = { ...next, mediaType: next.mediaType === '' ? entry.mediaType : next.mediaType };
  }
  throw new IntegrityError(
    'INDEX_DEPTH',
    `read the index of "${options.name}": indexes within indexes without end`,
  );
}

/** A page of a proxy, or of another server, says nothing of the image that it came for. */
function parseNaming({ bytes, mediaType }: RawDocument, name: string): Manifest | Index {
  try {
    return parseManifest(bytes, mediaType);
  } catch (cause) {
    if (!(cause instanceof IntegrityError)) throw cause;
    throw new IntegrityError(cause.code, `pull "${name}"`, { cause, hint: cause.hint });
  }
}

/** The entry of an index for the platform. Throws NotFoundError listing what there is. */
export function chooseEntry(
  manifests: readonly Descriptor[],
  { name, platform }: Pick<ChoiceOptions, 'name' | 'platform'>,
): Descriptor {
  const wanted = platform ?? localPlatform();
  const chosen = choosePlatform(manifests.filter(hasSanePlatform), wanted);
  if (chosen !== undefined) return chosen;
  const [only] = manifests;
  // An index around one image without a platform, as layout tools write it.
  if (manifests.length === 1 && only !== undefined && only.platform === undefined) return only;
  const known = manifests
    .filter(hasSanePlatform)
    .flatMap((entry) => (entry.platform === undefined ? [] : [formatPlatform(entry.platform)]))
    .filter((text) => !text.startsWith('unknown/'));
  const list = known.slice(0, MAXIMUM_LISTED).join(', ') || 'no platform';
  throw new NotFoundError(
    'NO_SUCH_PLATFORM',
    `find "${name}" for ${formatPlatform(wanted)}: it exists for ${list}`,
    known[0] === undefined ? {} : { hint: `--platform ${known[0]}` },
  );
}

/** The index is untrusted: its platform may contain anything. */
function hasSanePlatform({ platform }: Descriptor): boolean {
  if (platform === undefined) return false;
  const parts: unknown[] = [platform.os, platform.architecture, platform.variant ?? ''];
  return parts.every((part) => typeof part === 'string');
}
