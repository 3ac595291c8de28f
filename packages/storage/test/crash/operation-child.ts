/** The child process: runs one operation on one store, and says how it failed if it did. */
import { EngineError } from '@berth/errors';
import { openStore } from '../../src/index.ts';
import { OPERATIONS } from './operations.ts';

const [name = '', data = '', run = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  try {
    await OPERATIONS[name]?.run(openStore({ data, run }));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const { code, message, hint } = error;
    console.log(JSON.stringify({ kind: error.name, code, message, hint }));
    process.exitCode = 3;
  }
}

void main();
