/**
 * Published UDP ports: answers reach clients on this machine and by its other addresses, whichever
 * the numbers are, and the server sees who asks.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { freePort } from '../lab/registry.ts';
import { program } from '../security/programs.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const CLIENTS = 40;
const ANSWER_MS = 10_000;

/** Answers every datagram with the sender's port, a space, and what it said. */
const ECHO = `
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
int main(int argc, char **argv)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[1])) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	static char in[65536], out[65536];
	bind(fd, (struct sockaddr *)&own, sizeof(own));
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in6 from;
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(fd, in, sizeof(in), 0, (struct sockaddr *)&from, &size);
		int head = sprintf(out, "%d ", ntohs(from.sin6_port));
		memcpy(out + head, in, got);
		sendto(fd, out, head + got, 0, (struct sockaddr *)&from, size);
	}
}
`;

let image = '';
let echo = '';
before(async () => {
  image = await lab.image();
  echo = program(lab, 'echo', ECHO);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

async function serve(name: string, ...ports: readonly string[]): Promise<void> {
  await lab.ok(['run', '-d', '--name', name, ...ports.flatMap((port) => ['-p', port]),
    '-v', `${echo}:/echo:ro`, image, '/echo', '53']);
  for (let left = 100; left > 0; left--) {
    if (await lab.ok(['logs', name]) === 'ready') return;
  }
}

async function client(family: 'udp4' | 'udp6'): Promise<Socket> {
  const socket = createSocket(family);
  socket.bind();
  await once(socket, 'listening');
  return socket;
}

/** What one client is told when it says that twice. */
async function ask(address: string, port: number, text: string): Promise<void> {
  const socket = await client(address.includes(':') ? 'udp6' : 'udp4');
  try {
    for (const said of [text, `${text} again`]) {
      socket.send(said, port, address);
      const [answer, from] = await once(socket, 'message', {
        signal: AbortSignal.timeout(ANSWER_MS),
      }) as [Buffer, { address: string; port: number }];
      assert.equal(answer.toString(), `${socket.address().port} ${said}`);
      assert.deepEqual([from.address, from.port], [address, port]);
    }
  } finally {
    socket.close();
  }
}

const otherAddress = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
const lacking = missing.pasta || (otherAddress === undefined && 'only loopback addresses');

test('a client on this machine gets answers, also where the numbers differ', { skip: lacking },
  async () => {
    const [other, named] = [await freePort(), await freePort()];
    await serve('all', `${other}:53/udp`);
    await serve('named', `127.0.0.1:${named}:53/udp`);
    for (const [address, port] of [
      ['127.0.0.1', other], ['::1', other], [otherAddress ?? '', other], ['127.0.0.1', named],
    ] as const) await ask(address, port, `to ${address}`);
    await ask('127.0.0.1', other, 'x'.repeat(30_000));
    const clients = Array.from({ length: CLIENTS }, async (_, number) =>
      ask('127.0.0.1', other, `client ${number}`));
    await Promise.all(clients);
    await lab.ok(['rm', '-f', '-t', '0', 'all', 'named']);
    // The ports are free as soon as the command has ended.
    for (const [address, port] of [['0.0.0.0', other], ['127.0.0.1', named]] as const) {
      const socket = createSocket('udp4');
      socket.bind(port, address);
      await once(socket, 'listening');
      socket.close();
    }
  });

test('an empty datagram, and one that nobody takes, are no end', { skip: lacking }, async () => {
  const port = await freePort();
  await serve('strict', `${port}:53/udp`, `${port + 1}:9/udp`);
  const socket = await client('udp4');
  socket.send('', port + 1, '127.0.0.1');
  socket.send('lost', port + 1, '127.0.0.1');
  socket.close();
  await ask('127.0.0.1', port, '');
  await ask('127.0.0.1', port, 'still there');
  await lab.ok(['restart', '-t', '0', 'strict']);
  for (let left = 100; left > 0; left--) {
    if ((await lab.ok(['logs', 'strict'])).match(/ready/g)?.length === 2) break;
  }
  await ask('127.0.0.1', port, 'after a restart');
  await lab.ok(['rm', '-f', '-t', '0', 'strict']);
});
