/**
 * Starts Debian's docker-registry on a free port of the loopback interface: plain, with TLS under
 * a certificate authority made for the purpose, or with a password. For the faults that no honest
 * registry shows, there is a registry server in @berth/testing.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/** What the registry asks of its clients. */
export interface RegistryOptions {
  tls?: boolean;
  password?: { user: string; password: string };
}

/** A running registry. */
export interface Registry {
  /** localhost:PORT, to be put before repository names. */
  readonly host: string;
  /** With TLS: the path of the certificate (PEM) of the authority that signed the registry's. */
  readonly authority: string;
  /** Copies an image from elsewhere, named as skopeo names it, to `name` in this registry. */
  push(source: string, name: string): void;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 20_000;

/** Starts a registry with its storage below `folder`; resolves when it answers. */
export async function startRegistry(
  folder: string, { tls = false, password }: RegistryOptions = {},
): Promise<Registry> {
  const work = mkdtempSync(path.join(folder, 'registry-'));
  const port = await freePort();
  const certificate = path.join(work, 'registry.crt');
  if (tls) makeCertificate(work);
  if (password !== undefined) writePasswords(work, password);
  const lines = [
    'version: 0.1', 'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${work}/data}, delete: {enabled: true}}`,
    'http:', `  addr: 127.0.0.1:${port}`,
    ...(tls ? [`  tls: {certificate: ${certificate}, key: ${work}/registry.key}`] : []),
    ...(password === undefined ? []
      : ['auth:', `  htpasswd: {realm: lab, path: ${work}/htpasswd}`]),
  ];
  writeFileSync(path.join(work, 'config.yml'), `${lines.join('\n')}\n`);
  mkdirSync(path.join(work, 'data'));
  const server = spawn('docker-registry', ['serve', path.join(work, 'config.yml')], {
    stdio: 'ignore',
  });
  const ended = once(server, 'exit');
  await untilAnswers(port, ended);
  const host = `localhost:${port}`;
  return {
    host,
    authority: path.join(work, 'ca.crt'),
    push: (source, name) => push(source, { target: `docker://${host}/${name}`, password }),
    stop: async () => {
      server.kill();
      await ended;
      rmSync(work, { recursive: true });
    },
  };
}

/** A port that nothing listens on now; another process could take it before its use. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilAnswers(port: number, ended: Promise<unknown>): Promise<void> {
  let hasEnded = false;
  void ended.then(() => { hasEnded = true; });
  const limit = Date.now() + START_LIMIT_MS;
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/v2/`).then(() => true, () => false);
    if (isUp) return;
    if (hasEnded || Date.now() > limit) throw new Error('docker-registry does not answer');
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

interface PushTarget {
  target: string;
  password: RegistryOptions['password'];
}

function push(source: string, { target, password }: PushTarget): void {
  const credentials = password === undefined
    ? ['--dest-no-creds'] : [`--dest-creds=${password.user}:${password.password}`];
  execFileSync('skopeo', [
    'copy', '--quiet', '--all', '--insecure-policy', '--dest-tls-verify=false', ...credentials,
    source, target,
  ], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function makeCertificate(work: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: work, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2',
    '-subj', '/CN=lab authority', '-addext', 'basicConstraints=critical,CA:TRUE');
  openssl('req', ...key, '-keyout', 'registry.key', '-out', 'registry.csr', '-subj',
    '/CN=localhost');
  writeFileSync(path.join(work, 'san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  openssl('x509', '-req', '-in', 'registry.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key',
    '-CAcreateserial', '-out', 'registry.crt', '-days', '2', '-extfile', 'san');
}

function writePasswords(work: string, account: { user: string; password: string }): void {
  const line = execFileSync('htpasswd', ['-Bbn', account.user, account.password]);
  writeFileSync(path.join(work, 'htpasswd'), line);
}
