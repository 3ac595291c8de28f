/** `version`: what this program is. */

/** The program's version. */
export const VERSION = '0.1.0';

/** When it was made; the embedded images say so too. */
export const RELEASED = '2026-11-24T00:00:00Z';

/** In Podman's shape; there is no server. */
export function versionInfo(): Record<string, Record<string, string>> {
  const { bun, node } = process.versions as { bun?: string; node: string };
  return {
    Client: {
      Version: VERSION,
      APIVersion: VERSION,
      Runtime: bun === undefined ? `node ${node}` : `bun ${bun}`,
      Built: RELEASED,
      Os: 'linux',
      OsArch: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
    },
  };
}
