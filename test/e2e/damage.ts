/**
 * Everything that a store is made of, and what may have become of it: a table of files and folders
 * (docs/state.md) and one of damages.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync,
  rmdirSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Lab } from './harness.ts';

/** A store in which there is one object for each thing that can be damaged, and sound ones. */
export interface Ground {
  /** HOME of the store; copies are made of it. */
  readonly home: string;
  /** The image that stays sound. */
  readonly image: string;
  readonly things: readonly Thing[];
}

/** Something in the store, and the object that it belongs to. */
export interface Thing {
  /** Below the data folder. */
  readonly path: string;
  readonly kind: 'image' | 'layer' | 'blob' | 'container' | 'volume' | 'image-name'
    | 'container-name' | 'store';
  /** As commands name it. */
  readonly name: string;
  /** As `system check` names it; absent for what is made anew when it is needed. */
  readonly object?: string;
}

const SOUND = 'localhost/sound:1';
const IMAGE_FILES = ['record.json', 'origins', '.'];
const LAYER_FILES = ['record.json', 'recipe', 'keys', 'fs', '.'];
const VOLUME_FILES = ['record.json', '_data', '.'];
const CONTAINER_FILES = [
  'config.json', 'spec.json', 'summary', 'plan', 'lock', 'log', 'hosts', 'runs', 'runs/1/facts',
  'runs/1/exit', 'upper', '.',
];
/** Written anew when they are missed, or missed by nobody. */
const MADE_ANEW = ['plan', 'lock', 'log', 'hosts', 'runs', 'runs/1/facts', 'runs/1/exit', 'upper',
  'keys', 'origins'];

/** Makes the store: one image, layer, blob, container, volume and name for each of their files. */
export async function makeGround(lab: Lab): Promise<Ground> {
  const [first = '', second = ''] = [await lab.image({ name: SOUND }), await imageOf(lab, 'other')];
  await lab.ok(['create', '--network', 'none', '--name', 'sound', first, 'true']);
  await lab.ok(['volume', 'create', 'sound']);
  const things: Thing[] = [
    ...await imageThings(lab), ...await volumeThings(lab), ...await containerThings(lab, first),
    ...nameThings(lab, second),
    { path: 'lock', kind: 'store', name: 'lock' },
  ];
  return { home: lab.home, image: first, things };
}

async function imageOf(lab: Lab, own: string): Promise<string> {
  const name = `localhost/${own}:1`;
  return lab.image({ name, busybox: false, layers: [{ [`/${own}`]: own }] });
}

async function imageThings(lab: Lab): Promise<Thing[]> {
  const things: Thing[] = [];
  const add = async (kind: 'image' | 'layer' | 'blob', files: readonly string[]) => {
    for (const file of files) {
      const name = await imageOf(lab, `${kind}${file.replace(/\W/g, '') || 'all'}`);
      const format = '{{.Id}} {{index .RootFS.Layers 0}} {{.Digest}}';
      const [id = '', diffId = '', digest = ''] =
        (await lab.ok(['image', 'inspect', '--format', format, name])).split(' ');
      const blob = file === 'config' ? `sha256:${id}` : digest;
      const [folder, object] = {
        image: [`images/${id}/${file}`, id],
        layer: [`layers/${diffId.slice('sha256:'.length)}/${file}`, diffId],
        blob: [`blobs/sha256/${blob.slice('sha256:'.length)}`, blob],
      }[kind] as [string, string];
      things.push(withObject({ path: path.normalize(folder), kind, name }, file, object));
    }
  };
  await add('image', IMAGE_FILES);
  await add('layer', LAYER_FILES);
  await add('blob', ['config', 'manifest']);
  return things;
}

function withObject(thing: Thing, file: string, object: string): Thing {
  return MADE_ANEW.includes(file) ? thing : { ...thing, object };
}

async function volumeThings(lab: Lab): Promise<Thing[]> {
  const things: Thing[] = [];
  for (const file of VOLUME_FILES) {
    const name = `volume${file.replace(/\W/g, '') || 'all'}`;
    await lab.ok(['volume', 'create', name]);
    things.push({ path: path.normalize(`volumes/${name}/${file}`), kind: 'volume', name,
      object: name });
  }
  return things;
}

async function containerThings(lab: Lab, image: string): Promise<Thing[]> {
  const things: Thing[] = [];
  for (const file of CONTAINER_FILES) {
    const name = `box${file.replace(/\W/g, '') || 'all'}`;
    await lab.ok(['run', '--network', 'none', '--name', name, image, 'true']);
    const id = readlinkSync(path.join(lab.data, 'v1/containers/names', name));
    // The kernel's own folder may be read, and so copied, by root alone.
    rmdirSync(path.join(lab.data, 'v1/containers', id, 'work/work'));
    const place = path.normalize(`containers/${id}/${file}`);
    things.push(withObject({ path: place, kind: 'container', name: id }, file, id));
  }
  return things;
}

function nameThings(lab: Lab, image: string): Thing[] {
  const names = path.join(lab.data, 'v1/images/names');
  const file = readdirSync(names).find((name) => name.includes('other')) ?? '';
  symlinkSync(readlinkSync(path.join(names, file)), path.join(names, 'localhost+hurt:1'));
  const sound = path.join(lab.data, 'v1/containers/names/sound');
  symlinkSync(readlinkSync(sound), path.join(path.dirname(sound), 'hurt'));
  return [
    { path: 'images/names/localhost+hurt:1', kind: 'image-name', name: image },
    { path: 'containers/names/hurt', kind: 'container-name', name: 'sound' },
  ];
}

/** What links of damaged things point to: nothing may ever touch it. */
export interface Decoy {
  readonly file: string;
  readonly folder: string;
  /** Throws when it was touched. */
  requireWhole(): void;
}

/** A file and a folder that are somebody's own. */
export function makeDecoy(folder: string): Decoy {
  const work = mkdtempSync(path.join(folder, 'decoy-'));
  const inside = path.join(work, 'folder/inside');
  const file = path.join(work, 'file');
  mkdirSync(path.dirname(inside));
  const state = (): string => [file, inside].map((one) => {
    const { mode, mtimeMs, ctimeMs, ino } = lstatSync(one);
    return [readFileSync(one, 'utf8'), mode, mtimeMs, ctimeMs, ino].join();
  }).concat(readdirSync(path.dirname(inside))).join('\n');
  for (const one of [file, inside]) writeFileSync(one, 'precious');
  const before = state();
  return {
    file, folder: path.dirname(inside),
    requireWhole: () => {
      if (state() !== before) throw new Error(`touched: ${before}\nis now: ${state()}`);
    },
  };
}

type Spoil = (place: string, decoy: Decoy) => void;

function inPlaceOf(make: Spoil): Spoil {
  return (place, decoy) => {
    rmSync(place, { recursive: true, force: true });
    make(place, decoy);
  };
}

/** Half of a file; of a folder or a link, nothing but an empty file. */
function cut(place: string): void {
  const isFile = lstatSync(place, { throwIfNoEntry: false })?.isFile() === true;
  const bytes = isFile ? readFileSync(place) : Buffer.alloc(0);
  inPlaceOf(() => writeFileSync(place, bytes.subarray(0, bytes.length >> 1)))(place, NO_DECOY);
}

const NO_DECOY: Decoy = { file: '', folder: '', requireWhole: () => undefined };
const NOISE = Buffer.from([0xff, 0, 10, 13, 0x80, 32, 10, 0x7b, 0x22, 0xc0, 0x22, 0x3a]);

/** By what is said of the thing afterwards. */
export const DAMAGES: Readonly<Record<string, Spoil>> = {
  'is missing': inPlaceOf(() => undefined),
  'is empty': inPlaceOf((place) => writeFileSync(place, '')),
  'is cut off': cut,
  'holds noise': inPlaceOf((place) => writeFileSync(place, NOISE)),
  'is a folder': inPlaceOf((place) => mkdirSync(place)),
  'is a link to a file': inPlaceOf((place, { file }) => symlinkSync(file, place)),
  'is a link to a folder': inPlaceOf((place, { folder }) => symlinkSync(folder, place)),
  'is a pipe': inPlaceOf((place) => execFileSync('mkfifo', [place])),
  'may not be read': (place) => {
    const status = lstatSync(place, { throwIfNoEntry: false });
    if (status !== undefined && !status.isSymbolicLink()) chmodSync(place, 0);
  },
};

/** A copy of the store's home, as it was. */
export function copyGround({ home }: Ground, folder: string): string {
  const copy = mkdtempSync(path.join(folder, 'home-'));
  execFileSync('cp', ['-a', `${home}/.`, copy]);
  return copy;
}
