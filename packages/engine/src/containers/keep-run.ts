/**
 * Keeps a run for the next one with the same words: the files of its container and its plan, with
 * holes for the values that each container has of its own. The same functions that made the
 * container make these texts, called again with another name and another command.
 */
import { basename } from 'node:path';
import type { ContainerRequest } from '@berth/bundle';
import {
  clientFlags, containerPlan, HOLES, keepRun, type ClientSettings, type Fact, type KeptFile,
} from '@berth/isolation';
import type { RuntimeSpec } from '@berth/oci';
import {
  ADJECTIVES, containerFiles, randomId, SURNAMES, type ContainerPaths,
} from '@berth/storage';
import type { Engine } from '../engine.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import type { CreatedContainer } from './create.ts';
import { etcFiles } from './etc-files.ts';
import { planParts, summaryOf } from './launch.ts';
import type { BerthContainer } from './record.ts';
import { runFacts } from './run-facts.ts';

/** A run that is about to start. */
export interface RunToKeep {
  /** Flags and image as typed. */
  words: readonly string[];
  created: CreatedContainer;
  handed: boolean;
  background: boolean;
  client: ClientSettings;
}

/** The next run with these words starts without JavaScript, if such a run can be kept. */
export function keepForNext(engine: Engine, run: RunToKeep): void {
  const { record } = run.created;
  if (!isSimple(engine, record)) return;
  const marked = withMarks(run.created, run.words);
  if (marked === undefined) return;
  const launch = { ...marked, handed: run.handed, background: run.background };
  const { spec, settings } = planParts(engine, launch);
  const facts = runFacts(engine, record, {
    tty: record.request.tty, networkHelper: settings.networkHelper?.[0],
  });
  if (facts === undefined || !engine.isSilent()) return;
  const plan = containerPlan(spec, { ...settings, summary: marked.summary });
  const removal = settings.exitSteps.find((step) => step.step === 'rename');
  const marks = marksOf(marked, removal?.to);
  const whole = [...filesOf(marked), { name: 'plan', mode: 0o600, content: plan }];
  const files = withHoles(whole, marks);
  if (files !== undefined) keep(engine, run, { marked, facts, files });
}

/**
 * Whether a run needs only its own folder: no volumes, no other images, no ports, no namespaces of
 * other containers, no copies of layers. Nothing else then has to be made, locked or asked for.
 */
function isSimple(engine: Engine, record: BerthContainer): boolean {
  const { request } = record;
  const isPlain = record.volumes.length === 0 && record.ports.length === 0 &&
    Object.keys(record.joins).length === 0 && record.driver === undefined &&
    record.containerIds === undefined && record.mountedImages === undefined &&
    request.rootFolder === undefined &&
    ['pasta', 'none', 'host'].includes(record.network);
  return isPlain && !engine.forRoot && !engine.isProcMasked && engine.isSilent();
}

/**
 * The container as it would be with marks: random texts that occur nowhere else, in place of what
 * differs from run to run.
 */
interface Marked {
  record: BerthContainer;
  spec: RuntimeSpec;
  paths: ContainerPaths;
  name: string | undefined;
  /** The mark in place of the command; undefined where no command was typed. */
  command: string | undefined;
  entrypoint: readonly string[];
  owner: string;
  summary: string;
}

/** The request as it would be if this command had been typed. */
function requestOf(request: ContainerRequest, typed: readonly string[], command?: string) {
  const end = command === undefined ? [] : [command];
  return {
    ...request, command: end, createCommand: ['berth', 'run', ...typed, ...end],
  };
}

function withMarks(
  { record, spec, paths }: CreatedContainer,
  typed: readonly string[],
): Marked | undefined {
  const { request } = record;
  const { length } = request.command;
  const own = record.command.slice(0, record.command.length - length);
  const isEnd = request.command.every((word, index) => record.command[own.length + index] === word);
  if (!isEnd) return undefined;
  const name = request.name === undefined ? `n${randomId()}` : undefined;
  const command = length === 0 ? undefined : `c${randomId()}`;
  const words = command === undefined ? record.command : [...own, command];
  return {
    record: {
      ...record,
      name: name ?? record.name,
      command: words,
      request: requestOf(request, typed, command),
    },
    spec: { ...spec, process: { ...spec.process, args: [...words] } },
    paths,
    name,
    command,
    entrypoint: own,
    owner: `o${randomId()}`,
    summary: `s${randomId()}`,
  };
}

function filesOf({ record, spec, owner, summary }: Marked): KeptFile[] {
  const request = {
    record,
    summary: summaryOf(record),
    files: { 'spec.json': JSON.stringify(spec) },
    boundFiles: etcFiles(record, spec),
  };
  return containerFiles(request, owner).map(({ name, mode, content }) => ({
    name, mode, content: Buffer.from(name === 'summary' ? summary : content),
  }));
}

/** A mark, and the hole that replaces it. */
type Mark = readonly [from: string, to: string];

/** The marks in the order of replacement: the id before the short id, which is a part of it. */
function marksOf(
  { record, name, command, entrypoint, owner, summary }: Marked,
  trash: string | undefined,
): Mark[] {
  const { id, createdAtMs } = record;
  const shortId = id.slice(0, SHORT);
  const marks: Mark[] = [
    [owner, HOLES.owner],
    [summary, HOLES.summary],
    [`"createdAtMs":${createdAtMs}`, `"createdAtMs":${HOLES.createdAtMs}`],
    [id, HOLES.id],
    [shortId, HOLES.shortId],
    [hexOf(shortId), HOLES.shortIdHex],
  ];
  if (trash !== undefined) marks.push([basename(trash).replace(/,[^,]*$/, ''), HOLES.owner]);
  if (name !== undefined) marks.push([name, HOLES.name]);
  if (command === undefined) return marks;
  const args = [...entrypoint, command];
  marks.push([`args ${args.length}\0${args.join('\0')}\0`, HOLES.args]);
  return [...marks, [`"${command}"`, HOLES.command]];
}

const SHORT = 12;

function hexOf(text: string): string {
  return Buffer.from(text).toString('hex');
}

/**
 * The files with holes in place of the marks. Undefined where a file contains the byte that holes
 * begin with, or where a part of a mark is still there after the replacement.
 */
function withHoles(files: readonly KeptFile[], marks: readonly Mark[]): KeptFile[] | undefined {
  if (files.some(({ content }) => content.includes(HOLE_BEGIN))) return undefined;
  // Each byte stays as it is: latin1 has exactly one character for every byte.
  const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
  const filled = files.map((file) => {
    const text = marks.reduce((before, [from, to]) => before.replaceAll(latin1(from), latin1(to)),
      file.content.toString('latin1'));
    return { ...file, content: Buffer.from(text, 'latin1') };
  });
  const begins = marks.map(([from]) => from.slice(0, MARK_BEGIN))
    .filter((from) => RANDOM.test(from));
  return filled.some(({ content }) => begins.some((begin) => content.includes(begin)))
    ? undefined : filled;
}

const HOLE_BEGIN = '\x01';
/** So many characters of a random text occur nowhere else by chance. */
const MARK_BEGIN = 10;
const RANDOM = /^[a-z]?[0-9a-f]{9,}$/;

interface Kept {
  marked: Marked;
  facts: readonly Fact[];
  files: readonly KeptFile[];
}

function keep(engine: Engine, { words, client, created }: RunToKeep, kept: Kept): void {
  const { marked, facts, files } = kept;
  const { layout, layers, staging } = engine.store;
  const { record } = created;
  keepRun(layout.keptRuns, {
    words,
    takesCommand: marked.command !== undefined,
    facts,
    staging: layout.staging,
    containers: layout.containers,
    trash: layout.trash,
    owner: staging.owner().split(',').slice(0, 3).join(','),
    name: marked.name === undefined ? record.name : undefined,
    adjectives: ADJECTIVES,
    surnames: SURNAMES,
    image: record.imageName,
    entrypoint: marked.entrypoint,
    layers: mountedLayers(record.layers).map((diffId) => layers.path(diffId)),
    options: clientFlags(client).map((text) => text.replace(record.id, HOLES.id)),
    files,
  });
}
