/**
 * Shows progress: a bar per layer on a terminal, redrawn in place, and a line per event
 * elsewhere. Everything goes to standard error, so that standard output stays for ids.
 */
import type { ProgressEvent, Report } from '@berth/engine';
import { redact } from '@berth/errors';
import { humanSize, shortId } from './human.ts';
import { printError } from './streams.ts';
import { isTerminal, terminalSize } from './terminal.ts';

const REDRAW_MS = 80;
const BAR_WIDTH = 30;
const SMALLEST_BAR = 6;

/** A report function for the engine; with `quiet` only warnings are shown. */
export function createReporter({ quiet }: { quiet: boolean }): Report {
  const show = quiet ? () => undefined : isTerminal(2) ? barReporter() : lineReporter();
  return (event) => {
    if (event.kind === 'warning') {
      printError(`Warning: ${redact(event.message)}\n`);
    } else {
      show(event);
    }
  };
}

function lineReporter(): Report {
  const announced = new Set<string>();
  return (event) => {
    if (event.kind === 'layer') {
      const wording = event.state === 'exists' ? 'skipped: already exists' : event.state;
      const isNews = event.state === 'done' || event.state === 'exists';
      if (isNews && !announced.has(event.digest)) {
        announced.add(event.digest);
        printError(`Copying blob ${shortId(event.digest)} ${wording}\n`);
      }
    } else {
      printError(textOf(event));
    }
  };
}

function textOf(event: ProgressEvent): string {
  switch (event.kind) {
    case 'resolving':
      return `Trying to pull ${event.name}...\n`;
    case 'config':
      return `Copying config ${shortId(event.digest)} done\n`;
    case 'manifest':
      return 'Writing manifest to image destination\n';
    case 'retry':
      return `Retrying ${event.what} in ${(event.delayMs / 1000).toFixed(1)} s: ${event.reason}\n`;
    default:
      return '';
  }
}

type LayerEvent = Extract<ProgressEvent, { kind: 'layer' }>;

/**
 * Draws one bar for each layer and redraws them in place: the cursor goes up as many lines as were
 * drawn. Finished layers scroll away above; of the layers in progress, as many are shown as the
 * terminal has rows.
 */
function barReporter(): Report {
  const layers = new Map<string, LayerEvent>();
  const size = followSize();
  let drawn = 0;
  let lastDraw = 0;
  const draw = (): void => {
    const up = drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '';
    const events = [...layers.values()];
    const ended = events.filter(({ state }) => state === 'done' || state === 'exists');
    const open = events.filter((event) => !ended.includes(event));
    const shown = [
      ...open.filter(isMoving),
      ...open.filter((event) => !isMoving(event)),
    ].slice(0, Math.max(1, size.rows - 2));
    const lines = [...ended, ...shown].map((event) => `${barLine(event, size.columns)}\n`);
    printError(Buffer.from(up + lines.join('')));
    for (const { digest } of ended) layers.delete(digest);
    drawn = shown.length;
    lastDraw = performance.now();
  };
  const over = new Set<string>();
  return (event) => {
    if (event.kind !== 'layer') {
      printError(textOf(event));
      drawn = 0;
      layers.clear();
      over.clear();
      return;
    }
    if (over.has(event.digest)) return;
    if (event.state === 'done' || event.state === 'exists') over.add(event.digest);
    const known = layers.get(event.digest);
    layers.set(event.digest, event);
    const changed = known?.state !== event.state;
    if (changed || performance.now() - lastDraw >= REDRAW_MS) {
      draw();
    }
  };
}

function isMoving({ state }: LayerEvent): boolean {
  return state === 'pulling' || state === 'sending';
}

/** The terminal's size, kept up to date while the user changes it. */
function followSize(): { rows: number; columns: number } {
  const size = { rows: 24, columns: 80 };
  const measure = (): void => {
    void terminalSize(2).then((found) => Object.assign(size, found));
  };
  measure();
  process.on('SIGWINCH', measure);
  return size;
}

/** One line that fits into `columns`; the bar gets the space that text and numbers leave. */
function barLine(event: LayerEvent, columns: number): string {
  const { digest, state, currentBytes, totalBytes } = event;
  const room = columns - 1;
  const title = `Copying blob ${shortId(digest)}`;
  if (state === 'sending' && totalBytes === 0) {
    return `${title} ${humanSize(currentBytes)}`.slice(0, room);
  }
  if (!isMoving(event)) {
    return `${title} ${state === 'exists' ? 'skipped: already exists' : state}`.slice(0, room);
  }
  const share = totalBytes > 0 ? Math.min(1, currentBytes / totalBytes) : 0;
  const numbers = `${humanSize(currentBytes)} / ${humanSize(totalBytes)}`;
  const width = Math.min(BAR_WIDTH, room - title.length - numbers.length - 4);
  if (width < SMALLEST_BAR) return `${title} ${Math.floor(share * 100)}%`.slice(0, room);
  const filled = Math.round(share * width);
  const bar = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(width, '-');
  return `${title} [${bar}] ${numbers}`;
}
