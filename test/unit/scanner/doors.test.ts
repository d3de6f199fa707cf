import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckCase } from '../../../src/findings/case.ts';
import { caseOf, type Seen } from '../../../src/findings/learn.ts';
import { doorsOf } from '../../../src/scanner/doors.ts';
import { factsOf, hostWith, hostWithout, nameOf } from '../../support/destinations.ts';

function shown(theCase: CheckCase, smtpPort = 25): readonly string[] {
  return doorsOf(theCase, smtpPort).map(
    ({ host, endpoint: { address, port, protocol, tls, serverName } }) =>
      `${host}: ${protocol} ${tls} ${address}:${port} ${serverName ?? '-'}`,
  );
}

function seen(target: Seen['target'], depth: Seen['depth'] = 'standard'): Seen {
  return { target, depth, intrusive: false, observations: [], skipped: [] };
}

const domain = { kind: 'domain', domain: nameOf('example.test') } as const;

describe('the doors of a target', () => {
  it('every address of every MX host, at the port of mail', () => {
    const one = hostWith('mx1.example.test', 'absent');
    const two = { ...hostWith('mx2.example.test', 'absent'), addresses: ['192.0.2.2', '2001:db8::2'] };
    const facts = factsOf({ hosts: [one, two, hostWithout('mx3.example.test', 'unknown')] });
    assert.deepEqual(shown(caseOf(seen(domain), facts, 0)), [
      'mx1.example.test: smtp starttls 192.0.2.1:25 mx1.example.test',
      'mx2.example.test: smtp starttls 192.0.2.2:25 mx2.example.test',
      'mx2.example.test: smtp starttls 2001:db8::2:25 mx2.example.test',
    ]);
    assert.match(shown(caseOf(seen(domain), facts, 0), 2525)[0] ?? '', /:2525 /);
  });

  it('once, where the zone names a host twice', () => {
    const host = hostWith('mx1.example.test', 'absent');
    assert.equal(shown(caseOf(seen(domain), factsOf({ hosts: [host, host] }), 0)).length, 1);
  });

  it('RFC 7672 §8.1: under DANE the TLSA base domain is the name in the handshake', () => {
    const base = nameOf('real.example.test');
    const tlsa = hostWith('real.example.test', 'usable');
    assert.equal(tlsa.kind, 'found');
    const host = tlsa.kind === 'found' ? { ...tlsa, host: nameOf('mx1.example.test') } : tlsa;
    assert.deepEqual(shown(caseOf(seen(domain), factsOf({ hosts: [host] }), 0)), [
      `mx1.example.test: smtp starttls 192.0.2.1:25 ${base}`,
    ]);
  });

  const imap = {
    kind: 'host',
    host: nameOf('mail.example.test'),
    protocol: 'imap',
    tls: 'starttls',
  } as const;
  const facts = factsOf({ hosts: [hostWith('mail.example.test', 'absent')] });

  it('RFC 8314 §3: beside a mailbox the port at which TLS comes first', () => {
    assert.deepEqual(shown(caseOf(seen({ ...imap, port: 143 }), facts, 0)), [
      'mail.example.test: imap starttls 192.0.2.1:143 mail.example.test',
      'mail.example.test: imap implicit 192.0.2.1:993 mail.example.test',
    ]);
  });

  it('but not at a port of its own, nor where one connection is all', () => {
    assert.equal(shown(caseOf(seen({ ...imap, port: 1430 }), facts, 0)).length, 1);
    assert.equal(shown(caseOf(seen({ ...imap, port: 143 }, 'quick'), facts, 0)).length, 1);
    assert.equal(shown(caseOf(seen({ ...imap, port: 993, tls: 'implicit' }), facts, 0)).length, 1);
  });

  it('an address is its own host, and no name is asked for', () => {
    const target = {
      kind: 'address',
      address: '192.0.2.7',
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    assert.deepEqual(shown(caseOf(seen(target), null, 0)), ['192.0.2.7: smtp starttls 192.0.2.7:25 -']);
  });
});
