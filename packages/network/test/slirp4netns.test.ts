/** Options of `--network slirp4netns:…`, and the addresses that follow from them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '@berth/errors';
import { guestAddresses, GUEST } from '../src/guest-addresses.ts';
import { slirpArguments } from '../src/slirp4netns.ts';

/** Without what is always there. */
function changed(...options: string[]): string[] {
  const always = ['--configure', '--netns-type=path', '@NETNS@', 'tap0'];
  return slirpArguments([], options).filter((word) => !always.includes(word));
}

test("Podman's options become those of slirp4netns", () => {
  const usual = ['--mtu=65520', '--disable-host-loopback'];
  assert.deepEqual(changed(), usual);
  assert.deepEqual(changed('port_handler=slirp4netns', 'enable_ipv6=false'), usual);
  assert.deepEqual(changed('mtu=1400', 'allow_host_loopback=true'), ['--mtu=1400']);
  assert.deepEqual(changed('enable_ipv6=true', 'outbound_addr=192.0.2.1', 'cidr=10.9.0.0/16'), [
    ...usual, '--enable-ipv6', '--outbound-addr=192.0.2.1', '--cidr=10.9.0.0/16',
  ]);
});

test('other options and other values are refused by name', () => {
  for (const option of ['foo=1', 'mtu', 'mtu=x', 'cidr=10.0.0.0/30', 'cidr=999.0.0.0/24',
    'enable_ipv6=maybe', 'outbound_addr=::1', '--api-socket=/x', '__proto__=1']) {
    assert.throws(
      () => slirpArguments([], [option]),
      (error: unknown) => error instanceof EngineError && error.message.includes(option),
      option,
    );
  }
});

test('a network of other addresses has its name server and gateway there', () => {
  assert.equal(guestAddresses(['mtu=1400']), GUEST);
  const { address, gateway, slirpNameserver, prefixLength } =
    guestAddresses(['cidr=10.1.0.0/24', 'cidr=192.168.77.9/20']);
  assert.deepEqual([address, gateway, slirpNameserver, prefixLength],
    ['192.168.64.100', '192.168.64.2', '192.168.64.3', 20]);
});
