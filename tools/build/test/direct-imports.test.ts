/** Imports from a package's index come from the file that defines the name. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { BuildError } from '../command.ts';
import { withDirectImports } from '../direct-imports.ts';

const FILE = path.resolve(import.meta.dirname, '../../../packages/engine/src/engine.ts');

test('values come from their files, types and other imports stay', () => {
  const others = [
    "import type { Platform } from '@berth/oci';", "import { join } from 'node:path';",
    "import { runWorker } from '@berth/engine/worker';", "import { near } from './near.ts';", '',
  ].join('\n');
  const source = `import { parseReference as parse, localPlatform, type Descriptor } from '@berth/oci';
${others}`;
  assert.equal(withDirectImports(FILE, source), `
import { parseReference as parse } from "./../../oci/src/reference.ts";
import { localPlatform as localPlatform } from "./../../oci/src/platform.ts";
${others}`);
});

test('a name that the index does not export ends the build', () => {
  const source = "import { nothing } from '@berth/oci';";
  assert.throws(() => withDirectImports(FILE, source), BuildError);
});
