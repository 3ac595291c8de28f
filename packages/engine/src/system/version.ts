/** `version`: what this program is. */

/** The program's version. */
export const VERSION = '0.1.0';

/** In Podman's shape; there is no server. */
export function versionInfo(): Record<string, Record<string, string>> {
  const { bun, node } = process.versions as { bun?: string; node: string };
  return {
    Client: {
      Version: VERSION,
      APIVersion: VERSION,
      Runtime: bun === undefined ? `node ${node}` : `bun ${bun}`,
      OsArch: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
    },
  };
}
