/**
 * Configuration files that Berth shares with other programs: where the user's files are, and how
 * they are read.
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@berth/errors';
import { parse } from 'smol-toml';
import { readBoundedFile } from './bounded-text.ts';
import { othersAccess } from './others-access.ts';

/** The user's folder of registries.conf, policy.json and the like. */
export function usersConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const home = environment['HOME'] ?? homedir();
  return join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'containers');
}

/**
 * The text; undefined if there is no such file. Throws node:fs's other errors, and UsageError where
 * another user could have written it, unless the user named it.
 */
export function readIfPresent(path: string, isNamed: boolean): string | undefined {
  try {
    const text = readBoundedFile(path);
    const found = isNamed || process.getuid?.() === 0 ? undefined : othersAccess(path);
    if (found === undefined) return text;
    throw new UsageError('CONFIGURATION_OF_OTHERS', found.reason, { hint: found.hint });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // A folder that may not be entered (HOME=/root) has no file of this user.
    if (code === 'EACCES' && !existsSync(path)) return undefined;
    throw error;
  }
}

/** The drop-ins of a folder, in the order of their priority. */
export function dropIns(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** smol-toml shows the place in further lines. */
function firstLine(error: unknown): Error {
  const [text] = (error instanceof Error ? error.message : String(error)).split('\n');
  return new Error(text);
}

/** Files in TOML of one kind: `code` is that of the UsageErrors for what is wrong in them. */
export class TomlFiles {
  readonly #code: string;

  constructor(code: string) {
    this.#code = code;
  }

  /** As readIfPresent(), but whatever is wrong is a UsageError that names the file. */
  read(path: string, isNamed = false): string | undefined {
    try {
      return readIfPresent(path, isNamed);
    } catch (error) {
      const hint = error instanceof UsageError ? error.hint : undefined;
      throw new UsageError(this.#code, `read "${path}"`, { cause: error, hint });
    }
  }

  /** Throws UsageError naming the line. */
  parse(path: string, text: string): Record<string, unknown> {
    try {
      return parse(text);
    } catch (cause) {
      const line = cause instanceof Error && 'line' in cause ? ` (line ${String(cause.line)})` : '';
      throw this.error(path, `not valid TOML${line}`, firstLine(cause));
    }
  }

  error(path: string, reason: string, cause?: unknown): UsageError {
    return new UsageError(this.#code, `read "${path}": ${reason}`, { cause });
  }
}
