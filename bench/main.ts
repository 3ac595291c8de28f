/**
 * `pnpm bench [--rounds N] [--list] [ROW]...`: measures the rows and prints, for each quantity,
 * ours, the others', the ratios, and whether the goal is reached.
 */
import { parseArgs } from 'node:util';
import { Ground } from './ground.ts';
import type { Goal, Line, Row } from './row.ts';
import { commandRows } from './rows/commands.ts';
import { imageRows } from './rows/images.ts';
import { parallelRows } from './rows/parallel.ts';
import { residentRows } from './rows/resident.ts';
import { storeRows } from './rows/stores.ts';
import { streamRows } from './rows/streams.ts';

const ROWS = [
  ...commandRows, ...parallelRows, ...imageRows, ...storeRows, ...streamRows, ...residentRows,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, list: { type: 'boolean' } },
});

if (values.list === true) console.log(ROWS.map(({ name }) => name).join('\n'));
else process.exitCode = await measureRows(positionals);

async function measureRows(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !ROWS.some((row) => row.name === name));
  if (unknown.length > 0) throw new Error(`no row "${unknown.join(', ')}"; see --list`);
  const rows = ROWS.filter(({ name }) => names.length === 0 || names.includes(name));
  const ground = new Ground();
  let failures = 0;
  try {
    console.log('| row | berth | podman | ratio | besides | goal | |');
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
    for (const row of rows) failures += await measureRow(row, ground) ? 0 : 1;
  } finally {
    await ground.close();
  }
  return failures === 0 ? 0 : 1;
}

/** Prints a row's lines; a row that can't be measured is named, and the others go on. */
async function measureRow(row: Row, ground: Ground): Promise<boolean> {
  try {
    const lines = await row.measure(ground, Number(values.rounds ?? row.rounds));
    for (const line of lines) console.log(format(line));
    return true;
  } catch (error) {
    console.error(`${row.name}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

function format({ title, unit, medians, goals = [], atMost }: Line): string {
  const { berth: ours = Number.NaN, podman, ...others } = medians;
  const besides = Object.entries(others).map(([name, value]) =>
    `${name} ${number(value)}, ratio ${number(ours / value)}`);
  const met = [
    ...goals.flatMap((goal) => meets(ours, medians[goal.of], goal)),
    ...(atMost === undefined ? [] : [ours <= atMost]),
  ];
  const wanted = [...goals.map(describe), ...(atMost === undefined ? [] : [`≤ ${atMost}`])];
  const cells = [
    `${title}, ${unit}`,
    number(ours),
    podman === undefined ? '' : number(podman),
    podman === undefined ? '' : number(ours / podman),
    besides.join('; '),
    wanted.join(', '),
    met.length === 0 ? '' : met.every(Boolean) ? 'reached' : 'missed',
  ];
  return `| ${cells.join(' | ')} |`;
}

function meets(ours: number, theirs: number | undefined, { share, atLeast }: Goal): boolean[] {
  if (theirs === undefined) return [];
  return [atLeast === true ? ours >= share * theirs : ours <= share * theirs];
}

function describe({ share, of, atLeast }: Goal): string {
  return `${atLeast === true ? '≥' : '≤'} ${number(share)} × ${of}`;
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
