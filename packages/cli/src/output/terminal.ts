/** What is known of the user's terminal, found out without opening it as a stream. */
import { fstatSync } from 'node:fs';

const MEMORY_DEVICES = 1;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
const MAX_COLUMNS = 1000;

/** Whether a descriptor is a terminal: a character device that is none of /dev/null's family. */
export function isTerminal(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor);
    return status.isCharacterDevice() && majorOf(status.rdev) !== MEMORY_DEVICES;
  } catch {
    return false;
  }
}

/** The terminal's width: COLUMNS, else what stty reports for the descriptor, else 80. */
export async function terminalColumns(
  descriptor: number,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const stated = Number(environment['COLUMNS']);
  if (Number.isInteger(stated) && stated > 0) {
    return Math.min(stated, MAX_COLUMNS);
  }
  return (await terminalSize(descriptor)).columns;
}

/** The terminal's rows and columns as stty reports them, else 24 and 80. */
export async function terminalSize(
  descriptor: number,
): Promise<{ rows: number; columns: number }> {
  const { spawnSync } = await import('node:child_process');
  // By path: Bun gives no child its own standard output as standard input.
  const terminal = `/proc/${process.pid}/fd/${descriptor}`;
  const { stdout } = spawnSync('stty', [`--file=${terminal}`, 'size'], {
    stdio: ['ignore', 'pipe', 'ignore'], timeout: 500, encoding: 'utf8',
  });
  const [, rows, columns] = (/^(\d+) (\d+)/.exec(stdout ?? '') ?? []).map(Number);
  return {
    rows: rows || DEFAULT_ROWS,
    columns: columns ? Math.min(columns, MAX_COLUMNS) : DEFAULT_COLUMNS,
  };
}

function majorOf(device: number): number {
  return Math.floor(device / 256) % 4096;
}
