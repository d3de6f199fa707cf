/** Whether names exist and somebody answers for them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../../../src/findings/finding.ts';
import { dnsFindings } from '../../../../src/findings/rules/dns.ts';
import { nameOf } from '../../../support/destinations.ts';
import { only, statesOf } from '../../../support/observations.ts';
import { plainZone, type Scene, stage } from '../../../support/scenes.ts';

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage({ observations: [], ...scene });
  return run(dnsFindings(theCase));
}

describe('domains', () => {
  it('that exist pass, whether they have MX records or not', () => {
    for (const zone of [plainZone, { 'example.test A': ['192.0.2.1'] }]) {
      assert.equal(statesOf(found({ zone }), 'dns.nxdomain'), 'pass');
      assert.equal(statesOf(found({ zone }), 'dns.servfail'), 'pass');
    }
  });

  it('that do not exist fail', () => {
    const [gone] = only(found({ zone: {} }), 'dns.nxdomain');
    assert.equal(`${gone?.state} ${gone?.severity}`, 'fail critical');
    assert.deepEqual(gone?.evidence, ['example.test MX: the name does not exist (secure)']);
  });

  it('of which nobody knows are not tested: unknown is never absent', () => {
    const all = found({ zone: { 'example.test MX': 'unknown' } });
    assert.deepEqual(
      all.map(({ id, state }) => `${id} ${state}`),
      ['dns.servfail not-tested'],
    );
    assert.ok((all[0]?.retryAt ?? 0) > 0);
  });

  it('that are bogus are told by the checks of DNSSEC', () => {
    assert.deepEqual(found({ zone: { 'example.test MX': 'bogus' } }), []);
  });

  it('whose mail host has no answer: the host is named', () => {
    const zone = { ...plainZone, 'mx1.example.test A': 'unknown' } as const;
    const [, host] = only(found({ zone }), 'dns.servfail').toSorted((a, b) => (a.state < b.state ? 1 : -1));
    assert.equal(`${host?.state} ${host?.scope.host}`, 'not-tested mx1.example.test');
    const bogus = { ...plainZone, 'mx1.example.test A': 'bogus' } as const;
    assert.equal(statesOf(found({ zone: bogus }), 'dns.servfail'), 'pass');
  });
});

describe('hosts', () => {
  const target = {
    kind: 'host',
    host: nameOf('mail.example.test'),
    port: 993,
    protocol: 'imap',
    tls: 'implicit',
  } as const;
  const there = { 'mail.example.test A': ['192.0.2.1'] };

  it('exist with an address', () => {
    assert.equal(statesOf(found({ zone: there, target }), 'dns.nxdomain'), 'pass');
    assert.equal(statesOf(found({ zone: {}, target }), 'dns.nxdomain'), 'fail');
    assert.equal(
      statesOf(found({ zone: { 'mail.example.test A': 'unknown' }, target }), 'dns.servfail'),
      'not-tested',
    );
    const [bare] = only(found({ zone: { 'mail.example.test TXT': ['x'] }, target }), 'dns.nxdomain');
    assert.equal(bare?.state, 'fail');
    assert.match(bare?.why ?? '', /has no address/);
  });

  it('RFC 6761 §6.3: localhost is this host, and the DNS is not asked whether it exists', () => {
    for (const host of ['localhost', 'mail.localhost'])
      assert.deepEqual(found({ target: { ...target, host: nameOf(host) }, zone: {} }), []);
  });

  it('RFC 6186 §3.2: programs find the server by the SRV record of the domain above, or of the host itself', () => {
    for (const at of ['example.test', 'mail.example.test']) {
      const zone = { ...there, [`_imaps._tcp.${at} SRV`]: ['0 1 993 mail.example.test.'] };
      assert.equal(statesOf(found({ zone, target }), 'srv.missing'), 'pass', at);
    }
    const other = {
      ...there,
      '_imaps._tcp.example.test SRV': ['0 1 993 other.example.test.', '0 1 143 mail.example.test.'],
    };
    const [missing] = only(found({ zone: other, target }), 'srv.missing');
    assert.equal(missing?.state, 'absent');
    assert.deepEqual(missing?.fix[0]?.lines, [
      { for: 'dns', text: '_imaps._tcp.example.test. IN SRV 0 1 993 mail.example.test.' },
    ]);
    const unknown = { ...there, '_imaps._tcp.example.test SRV': 'unknown' } as const;
    assert.equal(statesOf(found({ zone: unknown, target }), 'srv.missing'), 'not-tested');
  });

  it('of protocols without such records are not asked about them', () => {
    const ldap = { ...target, protocol: 'ldap', port: 636 } as const;
    assert.equal(statesOf(found({ zone: there, target: ldap }), 'srv.missing'), '');
  });
});

it('of addresses nothing is asked', () => {
  const target = {
    kind: 'address',
    address: '192.0.2.1',
    port: 25,
    protocol: 'smtp',
    tls: 'starttls',
  } as const;
  assert.deepEqual(found({ zone: {}, target }), []);
});
