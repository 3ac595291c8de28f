/**
 * `pnpm tidy [ROOT]`: checks that the code base keeps its own rules, prints every violation as
 * file:line: message, and exits with 1 if there is one.
 */
import { tidy } from './check.ts';

const { fileCount, violations } = tidy(process.argv[2] ?? process.cwd());
for (const { file, line, message } of violations) console.log(`${file}:${line}: ${message}`);
console.log(`tidy: ${fileCount} files, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
