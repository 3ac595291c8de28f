/**
 * Sends commands to the lab's second user, who answers on a socket (test/lab/second-user.mjs).
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { ExecuteOptions, Result } from './execute.ts';

interface Answer extends Result {
  signal: string | null;
}

/** Runs a command as the second user, in his home and with his runtime folder. */
export async function executeAsSecondUser(
  args: readonly string[], { env, cwd, input }: ExecuteOptions = {},
): Promise<Result> {
  const socket = connect(process.env['BERTH_TEST_SECOND'] ?? '');
  await once(socket, 'connect');
  socket.end(JSON.stringify({ args, env, cwd, input: input?.toString() }));
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += String(part);
  const { status, stdout, stderr } = JSON.parse(text) as Answer;
  return { status, stdout, stderr };
}
