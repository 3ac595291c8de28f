/**
 * Makes small images on the spot, as OCI archives: Debian's static busybox with links for its
 * applets, and what a test adds. Written with GNU tar and node's hashes alone, so that berth's own
 * code is not what its tests are fed with.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file of a layer: its text, or its text and mode, or the target of a symbolic link. */
export type LayerEntry = string | { text: string; mode: number } | { link: string };

/** What an image is made of. */
export interface SmallImage {
  /** Full reference, with a tag. */
  name: string;
  /** Busybox and its links as the first layer. */
  busybox: boolean;
  /** Further layers: absolute path to entry; a path that ends in / is an empty folder. */
  layers: Record<string, LayerEntry>[];
  /** The `config` object of the image configuration: Env, Cmd, Entrypoint, User, Volumes … */
  config: Record<string, unknown>;
  architecture: string;
  /** When it was built; undefined: the image does not say. */
  created: string | undefined;
}

const SEARCH_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const DEFAULT_IMAGE: SmallImage = {
  name: 'localhost/busybox:latest',
  busybox: true,
  layers: [],
  config: { Env: [SEARCH_PATH], Cmd: ['sh'] },
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  created: '2024-01-01T00:00:00Z',
};

const BUSYBOX = '/bin/busybox';
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n'
  + 'user:x:1000:1000:user:/home/user:/bin/sh\n';
const GROUP = 'root:x:0:\nnogroup:x:65534:\nuser:x:1000:\nstaff:x:50:user\n';

/** Writes an OCI archive of the image below `folder`; gives its path and the image's name. */
export function archiveOf(
  wanted: Partial<SmallImage>, folder: string,
): { name: string; archive: string } {
  const image = { ...DEFAULT_IMAGE, ...wanted };
  const work = mkdtempSync(path.join(folder, 'image-'));
  try {
    const layout = path.join(work, 'layout');
    writeLayout(image, layout);
    const archive = `${work}.tar`;
    execFileSync('tar', ['-C', layout, '-cf', archive, '.']);
    return { name: image.name, archive };
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Writes the image as an OCI layout into the folder `layout`, which is made. */
export function writeLayout(image: SmallImage, layout: string): void {
  mkdirSync(path.join(layout, 'blobs/sha256'), { recursive: true });
  const put = (mediaType: string, content: Buffer | string): object => {
    const digest = createHash('sha256').update(content).digest('hex');
    writeFileSync(path.join(layout, 'blobs/sha256', digest), content);
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(content) };
  };
  const tars = [...(image.busybox ? [busyboxTar(layout)] : []),
    ...image.layers.map((layer) => layerTar(layer, layout))];
  const layers = tars.map((tar) =>
    put('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar, { level: 1 })));
  const diffIds = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  const config = put('application/vnd.oci.image.config.v1+json', JSON.stringify({
    ...(image.created === undefined ? {} : { created: image.created }),
    architecture: image.architecture,
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map((_, index) => ({ created_by: `layer ${index}` })),
  }));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = put(mediaType, JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const annotations = { 'org.opencontainers.image.ref.name': image.name };
  writeFileSync(path.join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(path.join(layout, 'index.json'), JSON.stringify({
    schemaVersion: 2, manifests: [{ ...manifest, annotations }],
  }));
}

function busyboxTar(layout: string): Buffer {
  return tarOf(layout, (tree) => {
    for (const name of ['bin', 'dev', 'etc', 'home/user', 'proc', 'root', 'sys', 'var/tmp']) {
      mkdirSync(path.join(tree, name), { recursive: true });
    }
    mkdirSync(path.join(tree, 'tmp'));
    chmodSync(path.join(tree, 'tmp'), 0o1777);
    writeFileSync(path.join(tree, 'etc/passwd'), PASSWD);
    writeFileSync(path.join(tree, 'etc/group'), GROUP);
    copyFileSync(BUSYBOX, path.join(tree, 'bin/busybox'));
    chmodSync(path.join(tree, 'bin/busybox'), 0o755);
    const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n');
    for (const applet of applets) {
      if (applet !== 'busybox') symlinkSync('busybox', path.join(tree, 'bin', applet));
    }
  });
}

function layerTar(layer: Record<string, LayerEntry>, layout: string): Buffer {
  return tarOf(layout, (tree) => {
    for (const [name, entry] of Object.entries(layer)) putEntry(path.join(tree, name), entry);
  });
}

function putEntry(file: string, entry: LayerEntry): void {
  mkdirSync(file.endsWith('/') ? file : path.dirname(file), { recursive: true });
  if (file.endsWith('/')) return;
  if (typeof entry === 'object' && 'link' in entry) {
    symlinkSync(entry.link, file);
    return;
  }
  const { text, mode } = typeof entry === 'string' ? { text: entry, mode: 0o644 } : entry;
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function tarOf(layout: string, fill: (tree: string) => void): Buffer {
  const tree = mkdtempSync(`${layout}-tree-`);
  try {
    chmodSync(tree, 0o755);
    fill(tree);
    const archive = `${tree}.tar`;
    execFileSync('tar', [
      '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@1704067200',
      '-C', tree, '-cf', archive, '.',
    ]);
    const content = readFileSync(archive);
    rmSync(archive);
    return content;
  } finally {
    rmSync(tree, { recursive: true });
  }
}
