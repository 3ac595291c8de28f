/**
 * What `run` keeps, so that the next run with the same flags and image needs no JavaScript. Before
 * the runtime starts, dist/berth hands over to native/src/run-again.c, which makes a container
 * from these files and starts it. docs/launch-plan.md, "Runs that are kept", describes the file.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What stands in a text for what each container has of its own. No other text holds a \x01. */
export const HOLES = {
  id: '\x01I',
  /** The first twelve digits of the id, and these in hexadecimal. */
  shortId: '\x01S',
  shortIdHex: '\x01X',
  name: '\x01N',
  createdAtMs: '\x01T',
  /** Of half-made things: packages/storage/src/owner.ts. */
  owner: '\x01O',
  /** The command's words as elements of a JSON array. */
  command: '\x01C',
  /** The plan's record of all words. */
  args: '\x01A',
  /** The head of the summary. */
  summary: '\x01H',
} as const;

/** Something that the run was decided by: it has to be the same when it is done again. */
export interface Fact {
  /** native/src/kept-facts.c says what is compared of each. */
  kind: 'address' | 'env' | 'file' | 'gid' | 'inode' | 'kind' | 'no-env' | 'terminal' | 'text';
  object: string;
  value: string;
}

/** A file of the container's directory; its content has holes. */
export interface KeptFile {
  name: string;
  mode: number;
  content: Buffer;
}

/** All that a run is done again from. */
export interface KeptRun {
  /** Flags and image as they were typed. */
  words: readonly string[];
  /** Words of a command followed: others may the next time. */
  takesCommand: boolean;
  facts: readonly Fact[];
  /** The folders of the store. */
  staging: string;
  containers: string;
  trash: string;
  /** What an owner text begins with, that of a process left out. */
  owner: string;
  /** Undefined: one of these two, joined by `_`. */
  name: string | undefined;
  adjectives: readonly string[];
  surnames: readonly string[];
  /** Of the summary. */
  image: string;
  /** The image's entrypoint, before the command; all words where no command may follow. */
  entrypoint: readonly string[];
  /** Folders that have to be there once the container is. */
  layers: readonly string[];
  /** The client's, as launch reads them; with holes. */
  options: readonly string[];
  files: readonly KeptFile[];
}

const HEADER = 'berth-run 1';
/** All go before one more is kept: those that are still wanted come back. */
const MAX_KEPT = 64;
/** As kept-run.c reads. */
const MAX_WORDS = 100;
const MAX_BYTES = 256 * 1024;

/**
 * The next run with these words is done from what is in `folder` then. Where that can't be,
 * nothing has happened: it is decided anew then.
 */
export function keepRun(folder: string, run: KeptRun): void {
  const content = contentOf(run);
  if (run.words.length > MAX_WORDS || content.length > MAX_BYTES) return;
  const temporary = join(folder, `writing-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = readdirSync(folder);
    if (kept.length >= MAX_KEPT) {
      for (const name of kept) rmSync(join(folder, name), { force: true });
    }
    writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, join(folder, nameOf(run)));
  } catch {
    // A full disk, or a folder of another kind.
    rmSync(temporary, { force: true });
  }
}

/** FNV-1a of the words, each with its NUL; how many there are, and whether a command follows. */
function nameOf({ words, takesCommand }: KeptRun): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(words.map((word) => `${word}\0`).join(''))) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  const digits = (hash >>> 0).toString(16).padStart(8, '0');
  return `${digits}.${words.length}.${takesCommand ? 1 : 0}`;
}

function contentOf(run: KeptRun): Buffer {
  const strings = [
    HEADER,
    ...list(run.words),
    ...list(run.facts.flatMap(({ kind, object, value }) => [kind, object, value])),
    run.staging, run.containers, run.trash, run.owner,
    run.name ?? '',
    ...list(run.name === undefined ? run.adjectives : []),
    ...list(run.name === undefined ? run.surnames : []),
    run.image,
    ...list(run.entrypoint),
    ...list(run.layers),
    ...list(run.options),
    String(run.files.length),
  ];
  const files = run.files.flatMap(({ name, mode, content }) => [
    Buffer.from(`${name}\0${mode.toString(8)}\0${content.length}\0`), content, Buffer.of(0),
  ]);
  return Buffer.concat([Buffer.from(`${strings.join('\0')}\0`), ...files]);
}

function list(strings: readonly string[]): string[] {
  return [String(strings.length), ...strings];
}
