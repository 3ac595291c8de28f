/**
 * `--sdnotify` and `--conmon-pidfile`: what a service manager hears of a container.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const LISTEN = `socket(S, PF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0])); alarm 50;
  recv(S, $said, 500, 0); print $said; unlink $ARGV[0]`;

/** A manager that hears one message; `heard` is its text. */
async function manager(name: string): Promise<{ socket: string; heard: Promise<string> }> {
  const socket = `${lab.runtime}/${name}`;
  const { stdout } = spawn('perl', ['-MSocket', '-e', LISTEN, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const heard = text(stdout);
  while (!existsSync(socket)) await setTimeout(10);
  return { socket, heard };
}

const field = (name: string, format: string): Promise<string> =>
  lab.ok(['inspect', '-f', format, name]);

test('conmon: it is told that the container runs, and what watches over it', async () => {
  const { socket, heard } = await manager('first');
  const pidFile = `${lab.home}/supervisor.pid`;
  const flags = ['--sdnotify=conmon', '--conmon-pidfile', pidFile, '--name', 'told'];
  await lab.ok(['run', '-d', ...flags, image, 'sleep', '1000'], { env: { NOTIFY_SOCKET: socket } });
  const supervisor = await field('told', '{{.State.ConmonPid}}');
  assert.equal(await heard, `MAINPID=${supervisor}\nREADY=1\n`);
  assert.equal(readFileSync(pidFile, 'utf8'), supervisor);
  assert.equal(await field('told', '{{.Config.sdNotifyMode}} {{.ConmonPidFile}}'),
    `conmon ${pidFile}`);
});

test('conmon: in the foreground the command itself goes on', async () => {
  const { socket, heard } = await manager('second');
  const asked = ['run', '--rm', '--sdnotify=conmon', image, 'sh', '-c', 'echo "[$NOTIFY_SOCKET]"'];
  assert.equal(await lab.ok(asked, { env: { NOTIFY_SOCKET: socket } }), '[]');
  assert.equal(await heard, 'READY=1\n');
});

test('container: the program in it has the socket, and nothing is said for it', async () => {
  const { socket, heard } = await manager('third');
  const say = `socket(S, PF_UNIX, SOCK_DGRAM, 0);
    send(S, 'READY=1 from inside', 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!`;
  await lab.ok(['run', '--rm', 'host', 'perl', '-MSocket', '-e', say],
    { env: { NOTIFY_SOCKET: socket } });
  assert.equal(await heard, 'READY=1 from inside');
});

test('ignore, and a manager that is not there, change nothing', async () => {
  const said = ['sh', '-c', 'echo "[$NOTIFY_SOCKET]"'];
  const env = { NOTIFY_SOCKET: `${lab.runtime}/absent` };
  assert.equal(await lab.ok(['run', '--rm', '--sdnotify=ignore', image, ...said], { env }), '[]');
  assert.equal(await lab.ok(['run', '--rm', image, ...said], { env }), '[]');
  const run = ['run', '--rm', '--sdnotify=conmon', image, ...said];
  const { status, stdout, stderr } = await lab.berth(run, { env });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: '[]\n' });
  assert.match(stderr, /^Error: notify ".*absent": no such file or directory/);
  const wrong = await lab.berth(['create', '--sdnotify=maybe', image, 'true']);
  assert.equal(wrong.status, 125);
  assert.match(wrong.stderr, /read --sdnotify "maybe": no such mode\nhint: .*conmon/);
});
