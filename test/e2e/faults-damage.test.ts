/**
 * A store in which every kind of file and folder has been damaged in one way: every command ends,
 * names what is wrong, and does its work on the rest; a check finds the damage, a repair leaves a
 * sound store, and nothing touches what a link points to. Four damages by default, all of them
 * with BERTH_DAMAGE=all.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { copyGround, DAMAGES, makeDecoy, makeGround, type Ground, type Thing } from './damage.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let ground: Ground = { home: '', image: '', things: [] };
before(async () => { ground = await makeGround(lab); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const NO_WORDS = /bug in berth|TypeError|RangeError|^\s+at |SyntaxError/m;
const timeoutMs = 60_000;
const SAMPLE = ['is a folder', 'is a link to a folder', 'is a pipe', 'may not be read'];
const wanted = process.env['BERTH_DAMAGE'] === 'all' ? Object.keys(DAMAGES) : SAMPLE;

/** One damaged store, and all that was wrong with what commands made of it. */
class Damaged {
  readonly problems: string[] = [];
  #said = '';
  readonly #home: string;
  readonly #decoy = makeDecoy(lab.folder);

  constructor(damage: string) {
    this.#home = copyGround(ground, lab.folder);
    mkdirSync(path.join(this.#home, 'run'), { mode: 0o700 });
    const data = path.join(this.#home, '.local/share/berth/v1');
    for (const thing of ground.things) DAMAGES[damage]?.(path.join(data, thing.path), this.#decoy);
  }

  /** Its output; whatever it says, it says in words and touches nothing that is not Berth's. */
  async says(...args: string[]): Promise<string> {
    try {
      const runtime = path.join(this.#home, 'run');
      const result = await lab.berth(args, { env: { HOME: this.#home }, runtime, timeoutMs });
      if (NO_WORDS.test(result.stderr)) this.problems.push(`${args.join(' ')}: ${result.stderr}`);
      this.#said = result.stderr;
      this.#decoy.requireWhole();
      return result.stdout;
    } catch (error) {
      this.problems.push(String(error));
      return '';
    }
  }

  requireSeen(text: string, what: string): void {
    if (text.includes(what)) return;
    this.problems.push(`"${what}" is not among ${text}${this.#said}`);
  }
}

/**
 * Of a volume that is gone nothing tells, and its data may well be an empty folder, or one that
 * its user alone may enter. Recipes are read by the root of the namespace, whom no mode stops.
 */
function leavesTrace({ kind, path: place, object }: Thing, damage: string): boolean {
  const isEmptyData = damage === 'is a folder' && place.endsWith('/_data');
  const isGone = damage === 'is missing' && kind === 'volume' && place.split('/').length === 2;
  const isOpen = damage === 'may not be read' && /\/(_data|recipe)$/.test(place);
  return object !== undefined && !isEmptyData && !isGone && !isOpen;
}

function namesOf(...kinds: Thing['kind'][]): string[] {
  return ground.things.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
}

for (const damage of wanted) {
  test(`commands on a store of which everything ${damage}`, async () => {
    const store = new Damaged(damage);
    const containers = ['sound', ...namesOf('container')];
    const volumes = ['sound', ...namesOf('volume')];
    const images = namesOf('image', 'layer', 'blob');
    for (const list of [['ps', '-a'], ['images'], ['volume', 'ls']]) {
      store.requireSeen(await store.says(...list), 'sound');
    }
    store.requireSeen(await store.says('system', 'df'), 'Images');
    await store.says('container', 'inspect', ...containers);
    await store.says('image', 'inspect', ground.image, ...images);
    await store.says('volume', 'inspect', ...volumes);
    await store.says('start', ...containers);
    await store.says('logs', ...containers);
    for (const one of images) await store.says('create', one, '/x');
    const run = ['run', '--rm', '--network', 'none', ground.image, 'echo', 'works'];
    store.requireSeen(await store.says(...run), 'works');
    await store.says('rm', '-f', '-t', '0', ...containers);
    await store.says('rmi', '-f', ...images);
    await store.says('volume', 'rm', '-f', ...volumes);
    await store.says('system', 'prune', '-a', '-f', '--volumes');
    await store.says('system', 'reset', '-f');
    assert.deepEqual(store.problems, []);
  });

  test(`a check and a repair of a store of which everything ${damage}`, async () => {
    const store = new Damaged(damage);
    const found = await store.says('system', 'check');
    for (const { object } of ground.things.filter((thing) => leavesTrace(thing, damage))) {
      const id = /^(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/.exec(object ?? '');
      store.requireSeen(found, id?.[1] ?? object ?? '');
    }
    await store.says('system', 'check', '--repair', '--force');
    const left = (await store.says('system', 'check')).split('\n').filter((line) =>
      line !== '' && !/^Checked|^Unused|is no name of an image$/.test(line));
    store.problems.push(...left.map((line) => `after the repair: ${line}`));
    const run = ['run', '--rm', '--network', 'none', ground.image, 'echo', 'works'];
    store.requireSeen(await store.says(...run), 'works');
    await store.says('system', 'reset', '-f');
    assert.deepEqual(store.problems, []);
  });
}
