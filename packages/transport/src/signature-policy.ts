/**
 * policy.json (containers-policy.json(5)), which says from where images may come. Signatures can't
 * be verified here: an image that must be signed is refused, like one that the policy rejects.
 */
import { join } from 'node:path';
import { UnsupportedError, UsageError } from '@berth/errors';
import { isRecord } from '@berth/oci';
import { readIfPresent, usersConfiguration } from './configuration-file.ts';

/** Before an image is taken, all of its requirements must be met. */
interface Requirement {
  readonly type: string;
}

/** A policy as read. */
export interface SignaturePolicy {
  readonly file: string;
  readonly fallback: readonly Requirement[];
  /** By transport, then by scope; the scope `` is that of the whole transport. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, readonly Requirement[]>>;
}

/** Where an image comes from. */
export interface ImageOrigin {
  /** `docker`, `docker-archive`, `oci-archive`, `oci` or `dir`. */
  readonly transport: string;
  /** `HOST/REPOSITORY:TAG` or `@DIGEST` of `docker`, else the absolute path. */
  readonly name: string;
}

/** Where the files are; tests give their own `systemDirectory`. */
export interface PolicyPlaces {
  /** `--signature-policy` */
  readonly file?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: /etc/containers. */
  readonly systemDirectory?: string | undefined;
}

/**
 * The user's policy, else the system's; undefined where there is none, and everything is allowed.
 * Throws UsageError for a file that can't be understood: a typo must not allow what is forbidden.
 */
export function loadSignaturePolicy(places: PolicyPlaces = {}): SignaturePolicy | undefined {
  const environment = places.environment ?? process.env;
  const system = places.systemDirectory ?? '/etc/containers';
  if (places.file !== undefined) {
    const text = readPolicy(places.file, true);
    if (text === undefined) throw policyError(places.file, 'no such file');
    return parsePolicy(places.file, text);
  }
  for (const folder of [usersConfiguration(environment), system]) {
    const file = join(folder, 'policy.json');
    const text = readPolicy(file, false);
    if (text !== undefined) return parsePolicy(file, text);
  }
  return undefined;
}

/** Throws UnsupportedError where the policy rejects the origin, or wants a signature. */
export function requireAllowed(policy: SignaturePolicy | undefined, origin: ImageOrigin): void {
  const requirements = policy === undefined ? [] : requirementsFor(policy, origin);
  for (const { type } of requirements) {
    if (type === 'insecureAcceptAnything') continue;
    const reason = type === 'reject'
      ? 'rejects it' : `wants a signature (${type}), which can't be verified here`;
    throw new UnsupportedError(
      'IMAGE_REJECTED',
      `take image "${origin.name}": the policy ${policy?.file ?? ''} ${reason}`,
      { hint: `see containers-policy.json(5); a policy of your own: ${OWN_POLICY}` },
    );
  }
}

const OWN_POLICY = '~/.config/containers/policy.json, or --signature-policy FILE';

function readPolicy(file: string, isNamed: boolean): string | undefined {
  try {
    return readIfPresent(file, isNamed);
  } catch (error) {
    const hint = error instanceof UsageError ? error.hint : undefined;
    throw policyError(file, error instanceof Error ? error.message : String(error), hint);
  }
}

/** The scopes of an origin, the narrowest first, and the transport's own. */
function requirementsFor(policy: SignaturePolicy, origin: ImageOrigin): readonly Requirement[] {
  const scopes = policy.transports.get(origin.transport);
  if (scopes === undefined) return policy.fallback;
  const names = origin.transport === 'docker' ? registryScopes(origin.name) : pathScopes(origin);
  const scope = [...names, ''].find((name) => scopes.has(name));
  return (scope === undefined ? undefined : scopes.get(scope)) ?? policy.fallback;
}

/** `HOST/A/B:TAG`, `HOST/A/B`, `HOST/A`, `HOST`, then `*.` with each part of the host's name. */
function registryScopes(name: string): string[] {
  const repository = name.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const parts = repository.split('/');
  const host = (parts[0] ?? '').replace(/:\d+$/, '');
  const labels = host.split('.');
  return [
    name,
    ...parts.map((_, index) => parts.slice(0, parts.length - index).join('/')),
    ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`),
  ];
}

/** A docker-archive has no scopes; the others are paths, and the folders above them. */
function pathScopes({ transport, name }: ImageOrigin): string[] {
  if (transport === 'docker-archive') return [];
  const parts = name.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

function parsePolicy(file: string, text: string): SignaturePolicy {
  const document = parseJson(file, text);
  if (!isRecord(document)) throw policyError(file, 'not an object');
  const unknown = Object.keys(document).find((key) => key !== 'default' && key !== 'transports');
  if (unknown !== undefined) throw policyError(file, `there is no key "${unknown}"`);
  const transports = new Map<string, Map<string, readonly Requirement[]>>();
  const { transports: given = {} } = document;
  if (!isRecord(given)) throw policyError(file, '"transports" is not an object');
  for (const [transport, scopes] of Object.entries(given)) {
    if (!isRecord(scopes)) throw policyError(file, `"${transport}" is not an object`);
    transports.set(transport, new Map(Object.entries(scopes).map(([scope, value]) =>
      [scope, parseRequirements(file, `${transport} ${scope}`, value)])));
  }
  return { file, fallback: parseRequirements(file, 'default', document['default']), transports };
}

function parseRequirements(file: string, where: string, value: unknown): readonly Requirement[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw policyError(file, `"${where.trim()}" is not a list of requirements`);
  }
  return value.map((requirement: unknown) => {
    const type = isRecord(requirement) ? requirement['type'] : undefined;
    if (typeof type === 'string' && TYPES.has(type)) return { type };
    throw policyError(file, `"${where.trim()}" has a requirement of an unknown type`);
  });
}

const TYPES =
  new Set(['insecureAcceptAnything', 'reject', 'signedBy', 'signedBaseLayer', 'sigstoreSigned']);

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw policyError(file, error instanceof Error ? error.message : String(error));
  }
}

function policyError(file: string, reason: string, hint?: string): UsageError {
  return new UsageError('BAD_SIGNATURE_POLICY', `read policy "${file}": ${reason}`, {
    hint: hint ?? 'containers-policy.json(5) describes it',
  });
}
