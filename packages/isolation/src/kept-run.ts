/**
 * What `run` keeps, so that the next run with the same flags and image needs no JavaScript. Before
 * the runtime starts, dist/berth hands over to native/src/run-again.c, which makes a container
 * from these files and starts it. docs/launch-plan.md, "Runs that are kept", describes the file.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Placeholders for what differs between containers. No other text contains a \x01. */
export const HOLES = {
  id: '\x01I',
  /** The first twelve digits of the id; `shortIdHex` is these digits in hexadecimal. */
  shortId: '\x01S',
  shortIdHex: '\x01X',
  name: '\x01N',
  createdAtMs: '\x01T',
  /** The owner of unfinished files: packages/storage/src/owner.ts. */
  owner: '\x01O',
  /** The command's words as elements of a JSON array. */
  command: '\x01C',
  /** The plan's record with all words of the command. */
  args: '\x01A',
  /** The head of the summary. */
  summary: '\x01H',
} as const;

/** A fact that influenced the run. It has to be the same when the run is repeated. */
export interface Fact {
  /** native/src/kept-facts.c says what each kind compares. */
  kind: 'address' | 'env' | 'file' | 'gid' | 'inode' | 'kind' | 'no-env' | 'terminal' | 'text';
  object: string;
  value: string;
}

/** A file of the container's directory; its content contains holes. */
export interface KeptFile {
  name: string;
  mode: number;
  content: Buffer;
}

/** Everything that is needed to repeat a run. */
export interface KeptRun {
  /** Flags and image as typed. */
  words: readonly string[];
  /** Command words followed; the next run may have other ones. */
  takesCommand: boolean;
  facts: readonly Fact[];
  /** The folders of the store. */
  staging: string;
  containers: string;
  trash: string;
  /** The beginning of an owner text, without the part of the process. */
  owner: string;
  /** The container's name. Undefined: a random one, a word of each list joined by `_`. */
  name: string | undefined;
  adjectives: readonly string[];
  surnames: readonly string[];
  /** The image in the summary. */
  image: string;
  /**
   * The image's entrypoint, which comes before the command; all words where no command may follow.
   */
  entrypoint: readonly string[];
  /** Folders that must exist once the container exists. */
  layers: readonly string[];
  /** The client's options, as launch reads them; with holes. */
  options: readonly string[];
  files: readonly KeptFile[];
}

const HEADER = 'berth-run 1';
/**
 * When there are so many, all are removed before one more is kept; those that are still used are
 * kept again at their next run.
 */
const MAX_KEPT = 64;
/** The limit of kept-run.c. */
const MAX_WORDS = 100;
const MAX_BYTES = 256 * 1024;

/**
 * The next run with these words is done from what is kept in `folder`. When the run can't be kept,
 * nothing is changed; the next run is decided again.
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
    // The disk is full, or something else is in the folder's place.
    rmSync(temporary, { force: true });
  }
}

/**
 * A file name: FNV-1a of the words (each with its NUL), how many there are, and whether a command
 * follows.
 */
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
