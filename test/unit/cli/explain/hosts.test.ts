import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExplainedHost, hostsOf } from '../../../../src/cli/explain/hosts.ts';
import { samples } from './samples.ts';

const MX = 'mx1.example.test';
const RECORD = `3 1 1 ${'ab'.repeat(32)}`;

function only(name: keyof typeof samples): ExplainedHost {
  const [first, ...others] = hostsOf(samples[name]);
  assert.ok(first !== undefined && others.length === 0);
  return first;
}

describe('what a host has to show', () => {
  it('usage 3: the record alone, no name', () => {
    const { requires, by, tlsa, match, half, provesName, usable, tries } = only('dane');
    assert.deepEqual([requires, by, tlsa, match], ['authenticate', 'dane', [RECORD], []]);
    assert.deepEqual([half, provesName, usable, tries], [false, false, true, true]);
  });

  it('usage 2: the names of RFC 7672 §3.2.2 beside the records', () => {
    const { tlsa, match } = only('daneWithAuthority');
    assert.deepEqual(tlsa, [`2 1 1 ${'ab'.repeat(32)}`, RECORD]);
    assert.deepEqual(match, [MX, 'example.test']);
  });

  it('half-DANE is said', () => {
    const { requires, half, dnssec } = only('halfDane');
    assert.deepEqual([requires, half, dnssec], ['authenticate', true, 'secure']);
  });

  it('a level that asks for a name beside half-DANE: the names count as well', () => {
    const { provesName, match } = only('halfDaneAndLevel');
    assert.deepEqual([provesName, match], [true, ['example.test']]);
  });

  it('MTA-STS: the name of the host, and no other (RFC 8461 §4.2)', () => {
    const { requires, by, match, provesName, dnssec } = only('enforced');
    assert.deepEqual(
      [requires, by, match, provesName, dnssec],
      ['authenticate', 'sts', [MX], true, 'insecure'],
    );
  });

  it('one that must not be used is there, with what it requires and why', () => {
    const { usable, forbidden, requires, by, because, addresses } = only('notListed');
    assert.deepEqual([usable, forbidden, requires, by], [false, true, 'authenticate', 'sts']);
    assert.match(because, /does not list mx1\.example\.test/);
    assert.deepEqual(addresses, ['192.0.2.1']);
  });

  it('one without an address requires what the policies of the domain do', () => {
    const { usable, forbidden, requires, by, addresses, serverName } = only('noAddress');
    assert.deepEqual([usable, forbidden, requires, by], [false, false, 'none', 'default']);
    assert.deepEqual([addresses, serverName], [[], null]);
  });

  it('an override that lowers: the records are told, and no longer required', () => {
    const { requires, by, tlsa } = only('loweredByOverride');
    assert.deepEqual([requires, by, tlsa], ['none', 'override', [RECORD]]);
  });

  it('the level off: TLS is not tried', () => {
    const { tries, requires } = only('loweredByRoute');
    assert.deepEqual([tries, requires], [false, 'none']);
  });

  it('an address, and a port of a next hop', () => {
    const { host, addresses, dnssec, serverName, port } = only('literal');
    assert.deepEqual(
      [host, addresses, dnssec, serverName, port],
      ['192.0.2.1', ['192.0.2.1'], 'indeterminate', null, 25],
    );
    assert.equal(only('nextHop').port, 587);
  });

  it('all of them, in order of preference', () => {
    const hosts = hostsOf(samples.mixed).map(({ host, preference, by }) => [host, preference, by]);
    assert.deepEqual(hosts, [
      [MX, 10, 'dane'],
      ['mx2.example.test', 20, 'default'],
    ]);
  });
});
