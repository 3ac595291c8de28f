/**
 * Names with a transport in front, as skopeo and Podman write them: `oci:FOLDER:REFERENCE`,
 * `docker-archive:FILE` and the like. Pure.
 */
import { UnsupportedError, UsageError } from '@berth/errors';

/** One or more images in a file or a folder. */
export interface ArchiveName {
  readonly transport: ArchiveTransport;
  readonly path: string;
  /**
   * Which image of the archive. Undefined means all images of a docker-archive, else the only one.
   */
  readonly reference: string | undefined;
}

/** Where an image comes from. */
export type TransportName = { readonly transport: 'docker'; readonly name: string } | ArchiveName;

const ARCHIVES = ['docker-archive', 'oci-archive', 'oci', 'dir'] as const;
type ArchiveTransport = (typeof ARCHIVES)[number];

/** Transports that only other tools read, and how to get their images all the same. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'containers-storage': 'podman save IMAGE | berth load',
  'docker-daemon': 'docker save IMAGE | berth load',
  ostree: 'skopeo copy ostree:IMAGE oci-archive:FILE && berth load -i FILE',
  sif: 'skopeo copy sif:FILE oci-archive:FILE && berth load -i FILE',
  tarball: 'berth import FILE NAME',
};

/**
 * The source that `text` names; without a transport it is a name in a registry. Throws UsageError
 * for a missing path, UnsupportedError for transports that only other tools can read.
 */
export function parseTransportName(text: string): TransportName {
  const colon = text.indexOf(':');
  const transport = colon < 0 ? '' : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (transport === 'docker' && rest.startsWith('//')) {
    return { transport: 'docker', name: rest.slice(2) };
  }
  const way = Object.hasOwn(ELSEWHERE, transport) ? ELSEWHERE[transport] : undefined;
  if (way !== undefined) {
    const message = `pull "${text}": the transport "${transport}" is not supported`;
    throw new UnsupportedError('NO_SUCH_TRANSPORT', message, { hint: way });
  }
  const archive = ARCHIVES.find((known) => known === transport);
  return archive === undefined ? { transport: 'docker', name: text } : archiveName(archive, rest);
}

function archiveName(transport: ArchiveTransport, rest: string): ArchiveName {
  // A `dir:` folder holds exactly one image, so the whole rest is a path and has no reference.
  const split = transport === 'dir' ? -1 : rest.indexOf(':');
  const path = split < 0 ? rest : rest.slice(0, split);
  const reference = split < 0 ? undefined : rest.slice(split + 1) || undefined;
  if (path !== '') return { transport, path, reference };
  throw new UsageError('NO_PATH', `pull "${transport}:${rest}": no path in it`, {
    hint: `berth pull ${transport}:PATH`,
  });
}
