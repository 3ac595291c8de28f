/** What policy.json allows, by containers-policy.json(5). */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { UnsupportedError, UsageError } from '@berth/errors';
import { loadSignaturePolicy, requireAllowed } from '../src/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'policy-'));
const home = path.join(folder, 'home');
const system = path.join(folder, 'etc');
for (const made of [path.join(home, '.config/containers'), system]) {
  mkdirSync(made, { recursive: true });
}
after(() => rmSync(folder, { recursive: true }));

const places = { environment: { HOME: home }, systemDirectory: system };
const ACCEPT = [{ type: 'insecureAcceptAnything' }];
const REJECT = [{ type: 'reject' }];

function policyOf(content: unknown): ReturnType<typeof loadSignaturePolicy> {
  const file = path.join(folder, 'named.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return loadSignaturePolicy({ ...places, file });
}

function isAllowed(content: unknown, name: string, transport = 'docker'): boolean {
  try {
    requireAllowed(policyOf(content), { transport, name });
    return true;
  } catch (error) {
    assert.ok(error instanceof UnsupportedError);
    return false;
  }
}

test('without a policy everything is allowed', () => {
  assert.equal(loadSignaturePolicy(places), undefined);
  requireAllowed(undefined, { transport: 'docker', name: 'example.com/a:1' });
});

test("the user's policy comes before the system's, and a named one before both", () => {
  writeFileSync(path.join(system, 'policy.json'), JSON.stringify({ default: REJECT }));
  assert.equal(loadSignaturePolicy(places)?.file, path.join(system, 'policy.json'));
  const own = path.join(home, '.config/containers/policy.json');
  writeFileSync(own, JSON.stringify({ default: ACCEPT }));
  assert.equal(loadSignaturePolicy(places)?.file, own);
  assert.equal(policyOf({ default: ACCEPT })?.file, path.join(folder, 'named.json'));
});

test('the narrowest scope decides', () => {
  const policy = {
    default: REJECT,
    transports: {
      docker: {
        'example.com': ACCEPT,
        'example.com/closed': REJECT,
        'example.com/closed/app': ACCEPT,
        'example.com/closed/app:bad': REJECT,
        'host:5000/a': ACCEPT,
        '*.wild.org': ACCEPT,
      },
      'docker-archive': { '': ACCEPT },
      oci: { '/srv/images': ACCEPT },
    },
  };
  const allowed = [
    'example.com/open:1', 'example.com/closed/app:1', 'host:5000/a/b:1', 'a.wild.org/x:1',
    'a.b.wild.org:5000/x@sha256:00',
  ];
  const refused = [
    'example.com/closed/other:1', 'example.com/closed/app:bad', 'example.community/x:1',
    'host:5000/ab:1', 'wild.org/x:1', 'docker.io/library/debian:12',
  ];
  for (const name of allowed) assert.ok(isAllowed(policy, name), name);
  for (const name of refused) assert.ok(!isAllowed(policy, name), name);
  assert.ok(isAllowed(policy, '/tmp/any.tar', 'docker-archive'));
  assert.ok(isAllowed(policy, '/srv/images/app', 'oci'));
  assert.ok(!isAllowed(policy, '/srv/other', 'oci'));
  assert.ok(!isAllowed(policy, '/srv/images.tar', 'oci-archive'));
});

test('a transport without a scope that fits has the default', () => {
  const policy = { default: REJECT, transports: { docker: { 'example.com': ACCEPT } } };
  assert.ok(!isAllowed(policy, 'other.com/x:1'));
  assert.ok(isAllowed({ ...policy, transports: { docker: { '': ACCEPT } } }, 'other.com/x:1'));
});

test('what has to be signed is refused, also beside what is accepted', () => {
  for (const type of ['signedBy', 'sigstoreSigned', 'signedBaseLayer']) {
    assert.ok(!isAllowed({ default: [...ACCEPT, { type, keyType: 'GPGKeys' }] }, 'a.b/c:1'));
  }
  const policy = policyOf({ default: [{ type: 'signedBy' }] });
  assert.throws(() => requireAllowed(policy, { transport: 'docker', name: 'a.b/c:1' }),
    /take image "a\.b\/c:1": the policy .*named\.json wants a signature \(signedBy\)/);
});

test('a policy that is not understood is an error that names its file', () => {
  const all = [
    '', '[]', '{', '{}', { default: [] }, { default: ACCEPT, extra: 1 }, { default: [{}] },
    { default: [{ type: 'acceptAll' }] }, { default: ACCEPT, transports: [] },
    { default: ACCEPT, transports: { docker: { a: [] } } },
  ];
  for (const content of all) {
    assert.throws(() => policyOf(content), (error: unknown) =>
      error instanceof UsageError && error.message.startsWith('read policy "'), String(content));
  }
  assert.throws(() => loadSignaturePolicy({ ...places, file: path.join(folder, 'none') }),
    /read policy ".*none": no such file/);
});
