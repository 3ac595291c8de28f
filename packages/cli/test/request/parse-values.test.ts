/** What `run` takes as values: ports, mounts, sizes, variables, security, namespaces, logs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '@berth/errors';
import { searching } from '@berth/testing';
import { parseDetachKeys } from '../../src/request/detach-keys.ts';
import { parseEnvironment, parseLabels } from '../../src/request/environment.ts';
import { parseLog } from '../../src/request/log.ts';
import {
  parseImageVolumes,
  parseMount,
  parseTmpfs,
  parseVolume,
} from '../../src/request/mounts.ts';
import { parseNamespace, parseNetwork } from '../../src/request/namespaces.ts';
import { parseExpose, parsePublish } from '../../src/request/ports.ts';
import {
  parseDevice,
  parseSecurity,
  parseSysctls,
  parseUlimit,
} from '../../src/request/security.ts';
import { parseSize } from '../../src/request/size.ts';

function refuses(parse: (text: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) {
    assert.throws(
      () => parse(text),
      (error: unknown) => error instanceof EngineError,
      text,
    );
  }
}

test('ports', () => {
  const port = {
    hostAddress: undefined,
    hostPort: undefined,
    count: 1,
    protocol: 'tcp' as const,
  };
  const cases: [text: string, port: object][] = [
    ['80', { ...port, containerPort: 80 }],
    ['8080:80', { ...port, hostPort: 8080, containerPort: 80 }],
    ['8080:80/udp', { ...port, hostPort: 8080, containerPort: 80, protocol: 'udp' }],
    [
      '127.0.0.1:8080:80',
      { ...port, hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80 },
    ],
    ['127.0.0.1::80', { ...port, hostAddress: '127.0.0.1', containerPort: 80 }],
    ['[::1]:8080:80', { ...port, hostAddress: '::1', hostPort: 8080, containerPort: 80 }],
    ['9000-9002:80-82', { ...port, hostPort: 9000, containerPort: 80, count: 3 }],
    ['8000-8001', { ...port, containerPort: 8000, count: 2 }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parsePublish(text), expected, text);
  refuses(parsePublish, [
    '',
    ':',
    'x',
    '0',
    '65536',
    '80-79',
    '1-2:1-3',
    '80/sctp2',
    '1:2:3:4',
    '-1',
    '80:',
    '80/',
    '8o',
    '1.2.3:80:80',
    'localhost:80:80',
  ]);
  assert.deepEqual(['80', '80/udp', '8000-8010'].map(parseExpose), [
    '80/tcp',
    '80/udp',
    '8000-8010/tcp',
  ]);
  refuses(parseExpose, ['', 'x', '0', '80/x', '9-8']);
});

test('volumes and mounts', () => {
  const bind = { type: 'bind', target: '/b', options: [] as string[], createSource: false };
  assert.deepEqual(parseVolume('/a:/b'), { ...bind, source: '/a' });
  assert.deepEqual(parseVolume('./a:/b:ro,z'), {
    ...bind,
    source: join(process.cwd(), 'a'),
    options: ['ro', 'z'],
  });
  assert.deepEqual(parseVolume('name:/b'), {
    type: 'volume',
    name: 'name',
    target: '/b',
    options: [],
  });
  assert.deepEqual(parseVolume('/b'), {
    type: 'volume',
    name: undefined,
    target: '/b',
    options: [],
  });
  refuses(parseVolume, ['', ':', 'a:', ':/b', 'a:/b:ro:rw']);
  assert.deepEqual(parseTmpfs('/t:size=1m,,ro'), {
    type: 'tmpfs',
    target: '/t',
    options: ['size=1m', 'ro'],
  });
  const cases: [text: string, mount: object][] = [
    ['type=bind,src=/a,dst=/b,ro', { ...bind, source: '/a', options: ['ro'] }],
    [
      'type=bind,source=/a,destination=/b,readonly=false',
      { ...bind, source: '/a', options: ['rw'] },
    ],
    [
      'type=bind,src=/a,target=/b,bind-propagation=rslave',
      { ...bind, source: '/a', options: ['rslave'] },
    ],
    ['source=v,target=/b', { type: 'volume', name: 'v', target: '/b', options: [] }],
    [
      'type=volume,target=/b,volume-nocopy',
      {
        type: 'volume',
        name: undefined,
        target: '/b',
        options: ['nocopy'],
      },
    ],
    [
      'type=tmpfs,dst=/b,tmpfs-size=1k,tmpfs-mode=700',
      {
        type: 'tmpfs',
        target: '/b',
        options: ['size=1024', 'mode=700'],
      },
    ],
    ['type=bind,"src=/a,b",dst=/b', { ...bind, source: '/a,b' }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseMount(text), expected, text);
  refuses(parseMount, ['', 'type=bind,dst=/b', 'type=x,dst=/b', 'src=v', 'dst=/b,bogus=1', '"',
    'dst=/b,readonly=maybe', 'type=tmpfs,src=a,dst=/b']);
  assert.deepEqual([undefined, 'bind', 'tmpfs', 'ignore'].map(parseImageVolumes), [
    'anonymous',
    'anonymous',
    'tmpfs',
    'ignore',
  ]);
  refuses(parseImageVolumes, ['none']);
});

test('sizes are powers of 1024', () => {
  const cases: [text: string, bytes: number][] = [
    ['0', 0],
    ['1000', 1000],
    ['1b', 1],
    ['1k', 1024],
    ['1K', 1024],
    ['2m', 2 ** 21],
    ['1g', 2 ** 30],
    ['1.5g', 1.5 * 2 ** 30],
    ['64MiB', 2 ** 26],
    ['1 GB', 2 ** 30],
    ['1t', 2 ** 40],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text, 'memory'), bytes, text);
  refuses(
    (text) => parseSize(text, 'memory'),
    ['', 'x', '-1', '1x', 'k', '1e3', '9'.repeat(20), '0x10'],
  );
});

test('variables: later ones win, names alone are looked up, nothing else reaches the host', () => {
  const caller = { HOME: '/h', LC_ALL: 'C', LC_TIME: 'x', http_proxy: 'p', EMPTY: '' };
  const read = (env: string[], more = {}): string[] =>
    parseEnvironment({ env, files: [], passAll: false, passProxy: false, ...more }, caller);
  assert.deepEqual(read(['A=b', 'A=', 'B=c=d']), ['A=b', 'A=', 'B=c=d']);
  assert.deepEqual(read(['HOME', 'ABSENT', 'EMPTY']), ['HOME=/h', 'EMPTY=']);
  assert.deepEqual(read(['LC_*']), ['LC_ALL=C', 'LC_TIME=x']);
  assert.deepEqual(read([], { passProxy: true }), ['http_proxy=p']);
  assert.deepEqual(read(['', 'A=b']), ['A=b']);
  refuses((text) => read([text]), ['=x', 'a b=c']);
});

test('files of variables and labels: comments and blank lines are left out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-env-'));
  const file = join(folder, 'env');
  writeFileSync(file, '\uFEFF# no\n\n  A=b c \r\nHOME\nB="q"\n\texport D=3\n');
  const flags = { env: ['C=d'], files: [file], passAll: false, passProxy: false };
  assert.deepEqual(parseEnvironment(flags, { HOME: '/h' }), [
    'A=b c ',
    'HOME=/h',
    'B="q"',
    'D=3',
    'C=d',
  ]);
  writeFileSync(file, 'a=1\nb\n');
  assert.deepEqual(parseLabels(['b=2', 'c=x=y'], [file], 'label'), { a: '1', b: '2', c: 'x=y' });
  assert.deepEqual(Object.keys(parseLabels(['__proto__=x'], [], 'label')), ['__proto__']);
  refuses((text) => parseLabels([text], [], 'label'), ['', '=x']);
  refuses((text) => parseLabels([text], [], 'annotation'), ['a']);
  refuses((path) => parseLabels([], [path], 'label'), [join(folder, 'absent')]);
  writeFileSync(file, 'a=1\0\n');
  assert.throws(() => parseLabels([], [file], 'label'), { message: /env": it has a NUL byte/ });
  rmSync(folder, { recursive: true });
});

test('security options, devices, limits and sysctls', () => {
  assert.deepEqual(
    parseSecurity([
      'no-new-privileges',
      'seccomp=/p.json',
      'mask=/a:/b',
      'unmask=ALL',
      'label=disable',
      'apparmor=unconfined',
    ]),
    { noNewPrivileges: true, seccompProfile: '/p.json', mask: ['/a', '/b'], unmask: ['ALL'] },
  );
  assert.equal(parseSecurity(['no-new-privileges:false']).noNewPrivileges, false);
  assert.equal(parseSecurity(['seccomp:unconfined']).seccompProfile, 'unconfined');
  refuses((text) => parseSecurity([text]), [
    'bogus', '', 'Seccomp=x', 'apparmor=mine', 'mask', 'mask=', 'mask=rel:/a', 'mask=/x/..',
  ]);
  assert.deepEqual(parseDevice('/dev/a'), {
    source: '/dev/a',
    target: '/dev/a',
    permissions: 'rwm',
  });
  assert.deepEqual(parseDevice('/dev/a:r'), {
    source: '/dev/a',
    target: '/dev/a',
    permissions: 'r',
  });
  assert.deepEqual(parseDevice('/dev/a:/dev/b:rw'), {
    source: '/dev/a',
    target: '/dev/b',
    permissions: 'rw',
  });
  refuses(parseDevice, ['', 'a', '/dev/a:/dev/b:x', 'vendor.com/gpu=all']);
  assert.deepEqual(parseUlimit('nofile=1:2'), { name: 'nofile', soft: 1, hard: 2 });
  assert.deepEqual(parseUlimit('RLIMIT_CORE=-1'), { name: 'core', soft: -1, hard: -1 });
  assert.deepEqual(parseUlimit('host'), { name: 'host', soft: -1, hard: -1 });
  refuses(parseUlimit, ['', 'nofile', 'nofile=x', 'nofile=1:2:3', 'nofile=']);
  assert.deepEqual(parseSysctls(['a.b=1', 'c=2=3']), { 'a.b': '1', c: '2=3' });
  assert.deepEqual(parseSysctls(['a=1,b.c=2,3', 'd=4,5']), { a: '1', 'b.c': '2,3', d: '4,5' });
  refuses((text) => parseSysctls([text]), ['', 'a', '=1']);
});

test('namespaces and networks', () => {
  const modes = ['private', 'host', 'container', 'path'] as const;
  const pid = (text: string | undefined) => parseNamespace('pid', text, modes);
  assert.deepEqual(pid(undefined), { kind: 'private' });
  assert.deepEqual(pid('container:web'), { kind: 'container', value: 'web' });
  assert.deepEqual(pid('ns:/proc/1/ns/pid'), { kind: 'path', value: '/proc/1/ns/pid' });
  refuses(pid, ['bogus', 'container', 'container:', 'ns:', 'none']);
  assert.deepEqual(parseNetwork(undefined), { kind: 'default', options: [], value: undefined });
  assert.deepEqual(parseNetwork('pasta:-T,8080'), {
    kind: 'pasta',
    options: ['-T', '8080'],
    value: undefined,
  });
  assert.deepEqual(parseNetwork('container:db'), { kind: 'container', options: [], value: 'db' });
  refuses(parseNetwork, ['bridge', 'bridge-of-mine', 'container:', 'ns:']);
  assert.throws(() => parseNetwork('bridge'), { hint: /--network default/ });
});

test('logs and detach keys', () => {
  const log = parseLog('json-file', ['max-size=1m', 'max-file=3', 'tag=t']);
  assert.deepEqual(
    { ...log, path: undefined },
    {
      driver: 'json-file',
      maxSizeBytes: 2 ** 20,
      maxFiles: 3,
      path: undefined,
      tag: 't',
    },
  );
  refuses((text) => parseLog(text, []), ['journald', 'x', 'constructor', '__proto__']);
  assert.throws(() => parseLog('journald', []), { hint: /--log-driver passthrough/ });
  refuses(
    (text) => parseLog(undefined, [text]),
    ['max-size', 'max-size=x', 'max-file=0', 'bogus=1'],
  );
  assert.deepEqual(['ctrl-p,ctrl-q', 'a', 'ctrl-@,ctrl-_', '', undefined].map(parseDetachKeys), [
    'ctrl-p,ctrl-q',
    'a',
    'ctrl-@,ctrl-_',
    '',
    undefined,
  ]);
  refuses(parseDetachKeys, ['bogus', 'ctrl-', 'ctrl-1', 'a,', ',', 'ctrl-p,x y']);
});

test('whatever is typed, a parser answers or says what is wrong', () => {
  const parsers: ((text: string) => unknown)[] = [
    parsePublish,
    parseExpose,
    parseVolume,
    parseMount,
    parseTmpfs,
    parseDevice,
    parseUlimit,
    parseNetwork,
    parseDetachKeys,
    (text) => parseSize(text, 'x'),
    (text) => parseSecurity([text]),
  ];
  fc.assert(
    fc.property(fc.string(), fc.nat(parsers.length - 1), (text, which) => {
      try {
        parsers[which]?.(text);
      } catch (error) {
        assert.ok(error instanceof EngineError, String(error));
      }
    }),
    searching(2000),
  );
});
