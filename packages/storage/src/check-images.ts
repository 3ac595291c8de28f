/** Checks images: records against configs and manifests, layers that must be there, names. */
import { parseImageConfig, parseManifest } from '@berth/oci';
import { IntegrityError } from '@berth/errors';
import type { CheckParts, StoreFinding } from './check-finding.ts';
import { problemOf } from './check-finding.ts';
import { isId } from './names.ts';
import { listDirectory } from './whole-file.ts';

const NAMES = 'names';

/** Findings about images/ and images/names/. */
export function checkImages(parts: CheckParts): StoreFinding[] {
  const { images, layout } = parts;
  const strangers = listDirectory(layout.images)
    .filter((name) => name !== NAMES && !isId(name))
    .map((name): StoreFinding => ({
      kind: 'stranger', object: `${layout.images}/${name}`, state: 'unused',
      problem: 'is nothing that belongs there',
    }));
  return [
    ...images.ids().flatMap((id) => checkImage(parts, id)),
    ...checkNames(parts),
    ...strangers,
  ];
}

function checkImage(parts: CheckParts, id: string): StoreFinding[] {
  const problem = problemOf(() => requireSound(parts, id));
  if (problem !== undefined) return [{ kind: 'image', object: id, problem, state: 'damaged' }];
  const layers = parts.images.record(id)?.layers ?? [];
  const missing = layers.filter(({ diffId }) => !parts.layers.has(diffId));
  return [
    ...missing.map(({ diffId }): StoreFinding => ({
      kind: 'image', object: id, state: 'missing', problem: `its layer "${diffId}" is missing`,
    })),
    // The image works without it, but no longer knows its source.
    ...parts.images.damagedOrigins(id).map((path): StoreFinding => ({
      kind: 'image-origin', object: path, state: 'damaged',
      problem: `is no record of where image "${id.slice(0, 12)}" came from`,
    })),
  ];
}

/** Throws unless everything in the record follows from the config and from a manifest. */
function requireSound({ images, blobs }: CheckParts, id: string): void {
  const record = images.record(id);
  // The image was removed meanwhile: its directory disappears by one rename.
  if (record === undefined && !images.ids().includes(id)) return;
  if (record === undefined) throw damaged('its record is missing');
  if (record.id !== id) throw damaged('its record is of another image');
  const config = parseImageConfig(blobs.read(`sha256:${id}`));
  const diffIds = record.layers.map(({ diffId }) => diffId);
  if (diffIds.join() !== config.diffIds.join()) {
    throw damaged('its record names other layers than its config');
  }
  const isSame = record.architecture === config.architecture && record.os === config.os
    && record.variant === config.variant && record.created === config.created
    && sortedText(record.labels) === sortedText(config.labels);
  if (!isSame) throw damaged('its record says other things than its config');
  for (const { manifestDigest, mediaType } of images.origins(id)) {
    const manifest = parseManifest(blobs.read(manifestDigest), mediaType);
    if (manifest.kind === 'manifest' && manifest.config.digest !== `sha256:${id}`) {
      throw damaged(`the manifest "${manifestDigest}" is of another image`);
    }
  }
}

function damaged(problem: string): IntegrityError {
  return new IntegrityError('DAMAGED_IMAGE', problem);
}

function sortedText(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function checkNames({ images, layout }: CheckParts): StoreFinding[] {
  const links = images.links();
  const isLink = new Set([...links.keys()].map((name) => name.replaceAll('/', '+')));
  const strangers = listDirectory(layout.imageNames).filter((file) => !isLink.has(file));
  return [
    ...[...links].filter(([, id]) => !images.exists(id)).map(([name, id]): StoreFinding => ({
      kind: 'image-name', object: name, state: 'missing',
      problem: `points to image "${id.slice(0, 12)}", which is not there`,
    })),
    ...strangers.map((file): StoreFinding => ({
      kind: 'stranger', object: `${layout.imageNames}/${file}`, state: 'unused',
      problem: 'is no name of an image',
    })),
  ];
}
