/**
 * Runs commands for tests as the user who started it: the second user of the lab. Listens on a
 * socket; a request is one line of JSON, {args, env, cwd, input}, and so is the answer,
 * {status, signal, stdout, stderr}. Plain JavaScript, since it may run where tsx can't be read.
 */
import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';

const [, , socketPath] = process.argv;

function execute({ args: [command, ...args], env, cwd, input }, answer) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => { output[name] += text; });
  }
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  child.on('error', (error) => {
    answer({ status: 127, signal: null, stdout: '', stderr: String(error) });
  });
  child.on('close', (status, signal) => answer({ status, signal, ...output }));
}

const server = createServer({ allowHalfOpen: true }, (socket) => {
  let request = '';
  socket.setEncoding('utf8');
  socket.on('data', (text) => { request += text; });
  socket.on('end', () => execute(JSON.parse(request), (result) => {
    socket.end(`${JSON.stringify(result)}\n`);
  }));
  socket.on('error', () => {});
});
server.listen(socketPath, () => chmodSync(socketPath, 0o666));
