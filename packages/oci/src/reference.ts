/**
 * Image names. A name as typed may be short (`debian`); a Reference is fully qualified
 * (`docker.io/library/debian:12`). The grammar is that of the distribution project's reference
 * package: lower-case path components, a registry with a dot, a port or `localhost`.
 */
import { UsageError } from '@berth/errors';
import { parseDigest, type Digest } from './digest.ts';

/** A name as typed: without a registry it is short. */
export interface ImageName {
  registry: string | undefined;
  repository: string;
  tag: string | undefined;
  digest: Digest | undefined;
}

/** Where an image is, completely. */
export interface Reference {
  registry: string;
  repository: string;
  tag: string | undefined;
  digest: Digest | undefined;
}

/** The tag of names that have neither tag nor digest. */
export const DEFAULT_TAG = 'latest';
const DOCKER_HUB = 'docker.io';
const HUB_ALIASES = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const MAX_NAME_LENGTH = 255;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const IP6 = '\\[[0-9A-Fa-f:.]+\\]';
const REGISTRY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|${IP6})(?::\\d{1,5})?$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Takes a name apart. Throws UsageError that names what is wrong with it. */
export function parseImageName(text: string): ImageName {
  const stripped = text.replace(/^docker:\/\//, '');
  const at = stripped.indexOf('@');
  const digest = at < 0 ? undefined : parseDigest(stripped.slice(at + 1));
  const named = at < 0 ? stripped : stripped.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const path = hasTag ? named.slice(0, colon) : named;
  if (tag !== undefined && !TAG.test(tag)) {
    throw bad(text, `"${tag}" is not a tag`);
  }
  return { ...splitRegistry(path, text), tag, digest };
}

function splitRegistry(
  path: string,
  text: string,
): { registry: string | undefined; repository: string } {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const isRegistry = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const registry = isRegistry ? first : undefined;
  const repository = isRegistry ? path.slice(slash + 1) : path;
  if (registry !== undefined && !REGISTRY.test(registry)) {
    throw bad(text, `"${registry}" is not a registry`);
  }
  if (repository.length === 0 || repository.length > MAX_NAME_LENGTH) {
    throw bad(text, repository.length === 0 ? 'it is empty' : 'it is too long');
  }
  if (!repository.split('/').every((component) => COMPONENT.test(component))) {
    const why =
      repository === repository.toLowerCase() ? 'not a repository name' : 'must be lower case';
    throw bad(text, why);
  }
  return { registry, repository };
}

function bad(text: string, why: string): UsageError {
  return new UsageError('BAD_REFERENCE', `read the image name "${text.slice(0, 300)}": ${why}`);
}

/** A name with this registry; Docker Hub's official images lie under `library/`. */
export function qualify(name: ImageName, registry: string): Reference {
  const hub = HUB_ALIASES.has(registry);
  const official = hub && !name.repository.includes('/');
  return {
    registry: hub ? DOCKER_HUB : registry,
    repository: official ? `library/${name.repository}` : name.repository,
    tag: name.tag ?? (name.digest === undefined ? DEFAULT_TAG : undefined),
    digest: name.digest,
  };
}

/** The reference in a fully qualified name. Throws UsageError for a short one. */
export function parseReference(text: string): Reference {
  const name = parseImageName(text);
  if (name.registry === undefined) {
    throw bad(text, 'it has no registry');
  }
  return qualify(name, name.registry);
}

/** `registry/repository[:tag][@digest]`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${formatRepository(reference)}${tag}${digest}`;
}

/** `registry/repository` */
export function formatRepository({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}
