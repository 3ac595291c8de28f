/** `version`: what this program is. */
import { withHidden } from '../hidden-fields.ts';

/** The program's version. */
export const VERSION = '0.1.0';

/** When the version was made; it is also the date of the embedded images. */
export const RELEASED = '2026-11-24T00:00:00Z';

/** In Podman's form. Templates also find the client as a server, and its fields at the top. */
export function versionInfo(): Record<string, Record<string, string>> {
  const { bun, node } = process.versions as { bun?: string; node: string };
  const client = {
    Version: VERSION,
    APIVersion: VERSION,
    Runtime: bun === undefined ? `node ${node}` : `bun ${bun}`,
    Built: RELEASED,
    Os: 'linux',
    OsArch: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
  const hidden = { BuiltTime: RELEASED, GitCommit: '', GoVersion: '' };
  withHidden(client, hidden);
  return withHidden({ Client: client }, { Server: client, ...client, ...hidden });
}
