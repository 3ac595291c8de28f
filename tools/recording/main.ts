/**
 * `node --import tsx tools/recording/main.ts OUTPUT.svg COMMAND…`: types the commands, each one
 * argument, into a shell in tmux, looks at the screen ten times a second, and writes what was there
 * as an animated drawing. RECORDING_SHELL is another shell, whose prompt must be "$ ".
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawing, type Frame } from './drawing.ts';

const COLUMNS = 84;
const ROWS = 18;
const STEP_MS = 100;
const IDLE_MS = 1500;
const LIMIT_MS = 120_000;
const PROMPT = '$ ';
const SESSION = `berth-recording-${process.pid}`;

const [output, ...commands] = process.argv.slice(2);
if (output === undefined || commands.length === 0) throw new Error('usage: OUTPUT.svg COMMAND…');

const tmux = (...words: string[]): string =>
  execFileSync('tmux', ['-L', SESSION, ...words], { encoding: 'utf8' });

const shell = process.env['RECORDING_SHELL'] ?? `env PS1='${PROMPT}' sh`;
tmux('-f', '/dev/null', 'new-session', '-d', '-s', SESSION,
  '-x', String(COLUMNS), '-y', String(ROWS), shell);
try {
  tmux('set-option', 'status', 'off');
  writeFileSync(output, drawing(await record(commands), { columns: COLUMNS, rows: ROWS }));
} finally {
  tmux('kill-server');
}

/** Types one command after the other, each when the one before has ended. */
async function record(all: readonly string[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  await sleep(IDLE_MS);
  for (const command of all) {
    tmux('send-keys', '-l', command);
    await look(frames, STEP_MS * 5);
    tmux('send-keys', 'Enter');
    for (let waited = 0; waited < LIMIT_MS; waited += STEP_MS) {
      await look(frames, STEP_MS);
      if (waited > STEP_MS * 3 && atPrompt(frames)) break;
    }
    await look(frames, IDLE_MS);
  }
  return frames;
}

function atPrompt(frames: readonly Frame[]): boolean {
  return frames.at(-1)?.lines.findLast((line) => line !== '') === PROMPT.trim();
}

/** Adds what is on the screen, or makes the last frame longer when nothing changed. */
async function look(frames: Frame[], durationMs: number): Promise<void> {
  await sleep(durationMs);
  const lines = tmux('capture-pane', '-p').split('\n').map((line) => line.trimEnd());
  const last = frames.at(-1);
  if (last !== undefined && last.lines.join('\n') === lines.join('\n')) {
    last.durationMs += durationMs;
  } else {
    frames.push({ lines, durationMs });
  }
}
