/**
 * Writes docker-archives, as `docker save` and `podman save` do: plain layers named by their diff
 * ids, a config for each image, and manifest.json.
 */
import type { Digest, ImageSink } from '@berth/oci';
import { digestHex, digestOf, parseManifest } from '@berth/oci';
import type { TarOutput } from './tar-output.ts';

/** An archive of several images; `finish` it. */
export interface ArchiveOutput {
  /** Where one image goes, under these names. */
  sink(names: readonly string[]): ImageSink;
  /** The archive is complete. */
  finish(): Promise<void>;
}

interface ManifestEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

/** An archive that is written to `output`. Layers must come uncompressed. */
export function dockerArchiveOutput(output: TarOutput, name: string): ArchiveOutput {
  const written = new Set<Digest>();
  const entries: ManifestEntry[] = [];
  return {
    sink: (names) => ({
      name,
      hasBlob: async ({ digest }) => written.has(digest),
      async putBlob({ digest, size, mediaType }, content) {
        written.add(digest);
        const isConfig = mediaType.includes('json');
        const file = `${digestHex(digest)}.${isConfig ? 'json' : 'tar'}`;
        await output.content(file, size, content);
      },
      async putManifest({ bytes, mediaType }) {
        const manifest = parseManifest(bytes, mediaType);
        if (manifest.kind !== 'manifest') throw new Error(`${digestOf(bytes)} is an index`);
        entries.push({
          Config: `${digestHex(manifest.config.digest)}.json`,
          RepoTags: names.length === 0 ? null : names,
          Layers: manifest.layers.map(({ digest }) => `${digestHex(digest)}.tar`),
        });
      },
    }),
    async finish() {
      output.file('manifest.json', Buffer.from(JSON.stringify(entries)));
      output.finish();
    },
  };
}
