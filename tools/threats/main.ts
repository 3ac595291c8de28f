/** `node --import tsx tools/threats/main.ts`: writes the table of attacks in SECURITY.md anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTable } from './table.ts';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(ROOT, 'SECURITY.md');

writeFileSync(FILE, withTable(readFileSync(FILE, 'utf8'), ROOT));
