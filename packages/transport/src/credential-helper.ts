/**
 * Speaks the docker-credential-* protocol: a program from PATH, one verb as its argument, JSON
 * or a server's name on stdin. The secret never appears in an argument or in an error.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SystemError, UsageError } from '@berth/errors';
import type { Credentials } from './credential-record.ts';

interface HelperCall {
  readonly server: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const MAXIMUM_ANSWER_BYTES = 1 << 20;
const LIMIT_MS = 60_000;
/** The user name by which a helper says that the secret is an identity token. */
const TOKEN_USER = '<token>';

/** What helper `name` knows about the server, or undefined when it knows nothing. */
export async function askHelper(name: string, call: HelperCall): Promise<Credentials | undefined> {
  const answer = await runHelper({ name, verb: 'get', input: call.server, ...call });
  if (answer.status !== 0) {
    if (isUnknown(answer.output)) return undefined;
    throw helperError(name, `get: ${answer.output.trim() || `exit status ${answer.status}`}`);
  }
  const reply = parseReply(name, answer.output);
  const username = reply['Username'];
  const secret = reply['Secret'];
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw helperError(name, 'get: its answer lacks Username or Secret');
  }
  if (username === TOKEN_USER) return { username: '', password: '', identityToken: secret };
  return { username, password: secret };
}

/** The helper keeps `credentials` for the server from now on. */
export async function storeWithHelper(
  name: string,
  call: HelperCall & { readonly credentials: Credentials },
): Promise<void> {
  const { credentials } = call;
  const input = JSON.stringify({
    ServerURL: call.server,
    Username: credentials.identityToken === undefined ? credentials.username : TOKEN_USER,
    Secret: credentials.identityToken ?? credentials.password,
  });
  const answer = await runHelper({ name, verb: 'store', input, ...call });
  if (answer.status !== 0) throw helperError(name, `store: ${answer.output.trim()}`);
}

/** The helper no longer knows the server; false when it never did. */
export async function eraseWithHelper(name: string, call: HelperCall): Promise<boolean> {
  const answer = await runHelper({ name, verb: 'erase', input: call.server, ...call });
  if (answer.status === 0) return true;
  if (isUnknown(answer.output)) return false;
  throw helperError(name, `erase: ${answer.output.trim()}`);
}

/** The servers that the helper knows, each with its user. */
export async function listHelper(
  name: string,
  environment: HelperCall['environment'],
): Promise<Readonly<Record<string, string>>> {
  const answer = await runHelper({ name, verb: 'list', input: '', environment });
  if (answer.status !== 0) throw helperError(name, `list: ${answer.output.trim()}`);
  const known: Record<string, string> = {};
  for (const [server, user] of Object.entries(parseReply(name, answer.output))) {
    if (typeof user === 'string') known[server] = user;
  }
  return known;
}

interface HelperRun {
  readonly name: string;
  readonly verb: 'get' | 'store' | 'erase' | 'list';
  readonly input: string;
  readonly environment: HelperCall['environment'];
}

async function runHelper(run: HelperRun): Promise<{ status: number; output: string }> {
  // The name becomes part of a program's name: a slash in it would leave PATH.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(run.name)) {
    throw new UsageError(
      'BAD_AUTH_FILE',
      `run credential helper "${run.name}": not a helper's name`,
    );
  }
  const child = spawn(`docker-credential-${run.name}`, [run.verb], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...run.environment },
  });
  // Not spawn's own `timeout`: if the program is missing, that keeps the process waiting.
  const limit = setTimeout(() => child.kill(), LIMIT_MS);
  // A helper that exits without reading its input is judged only by its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.input);
  const closed = once(child, 'close');
  try {
    const [output] = await Promise.all([readAnswer(run.name, child.stdout), closed]);
    return { status: child.exitCode ?? 1, output };
  } catch (cause) {
    child.kill();
    // EACCES where no folder has it, and one of PATH can't be searched.
    if (cause instanceof Error && 'code' in cause && /^(ENOENT|EACCES)$/.test(`${cause.code}`)) {
      throw helperError(run.name, `${run.verb}: no such program "docker-credential-${run.name}"`);
    }
    throw cause;
  } finally {
    clearTimeout(limit);
  }
}

async function readAnswer(name: string, stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAXIMUM_ANSWER_BYTES) throw helperError(name, 'its answer has no end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseReply(name: string, text: string): Record<string, unknown> {
  try {
    const reply: unknown = JSON.parse(text);
    if (typeof reply === 'object' && reply !== null) return reply as Record<string, unknown>;
  } catch {
    // Reported below without the text, which may hold a secret.
  }
  throw helperError(name, 'its answer is not JSON');
}

function isUnknown(output: string): boolean {
  return /credentials not found|no credentials/i.test(output);
}

function helperError(name: string, cause: string): SystemError {
  return new SystemError('CREDENTIAL_HELPER', `ask credential helper "${name}": ${cause}`);
}
