/**
 * Shows progress: a bar per layer on a terminal, redrawn in place, and a line per event
 * elsewhere. Everything goes to standard error, so that standard output stays for ids.
 */
import type { ProgressEvent, Report } from '@berth/engine';
import { humanSize } from './human.ts';
import { printError } from './streams.ts';
import { isTerminal } from './terminal.ts';

const REDRAW_MS = 80;
const BAR_WIDTH = 30;
const DIGEST_LENGTH = 12;

/** A report function for the engine; with `quiet` only warnings are shown. */
export function createReporter({ quiet }: { quiet: boolean }): Report {
  const show = quiet ? () => undefined : isTerminal(2) ? barReporter() : lineReporter();
  return (event) => {
    if (event.kind === 'warning') {
      printError(`Warning: ${event.message}\n`);
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
        printError(`Copying blob ${short(event.digest)} ${wording}\n`);
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
      return `Copying config ${short(event.digest)} done\n`;
    case 'manifest':
      return 'Writing manifest to image destination\n';
    case 'retry':
      return `Retrying ${event.what} in ${(event.delayMs / 1000).toFixed(1)} s: ${event.reason}\n`;
    default:
      return '';
  }
}

type LayerEvent = Extract<ProgressEvent, { kind: 'layer' }>;

/** Lines of bars are drawn over: the cursor goes up as many lines as were drawn. */
function barReporter(): Report {
  const layers = new Map<string, LayerEvent>();
  let drawn = 0;
  let lastDraw = 0;
  const draw = (): void => {
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    const lines = [...layers.values()].map((layer) => `\r\u001b[K${barLine(layer)}\n`);
    printError(up + lines.join(''));
    drawn = layers.size;
    lastDraw = performance.now();
  };
  return (event) => {
    if (event.kind !== 'layer') {
      printError(textOf(event));
      drawn = 0;
      layers.clear();
      return;
    }
    const known = layers.get(event.digest);
    layers.set(event.digest, event);
    const changed = known?.state !== event.state;
    if (changed || performance.now() - lastDraw >= REDRAW_MS) {
      draw();
    }
  };
}

function barLine({ digest, state, currentBytes, totalBytes }: LayerEvent): string {
  const title = `Copying blob ${short(digest)}`;
  if (state !== 'pulling') {
    return `${title} ${state === 'exists' ? 'skipped: already exists' : state}`;
  }
  const share = totalBytes > 0 ? Math.min(1, currentBytes / totalBytes) : 0;
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(
    BAR_WIDTH,
    '-',
  );
  return `${title} [${bar}] ${humanSize(currentBytes)} / ${humanSize(totalBytes)}`;
}

function short(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, DIGEST_LENGTH);
}
