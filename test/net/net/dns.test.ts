/** What a resolver's answers mean: found, absent or unknown, which never counts as absent. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemDns } from '../../../src/net/dns.ts';
import { domain } from '../../support/relay.ts';
import { type DnsAnswer, mx, ptr, records, startDnsServer } from './dns-server.ts';

const FAR = domain('far.test');
const TIMEOUT_MS = 200;

const v4 = Buffer.from([192, 0, 2, 1]);
const v6 = Buffer.from('20010db8000000000000000000000001', 'hex');
const code = (rcode: 'NOERROR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED'): DnsAnswer => ({ kind: 'code', rcode });

type Table = Readonly<Record<string, DnsAnswer>>;

describe('MX', () => {
  const cases: readonly (readonly [string, Table, unknown])[] = [
    [
      'hosts, sorted by preference, lower-case',
      { 'MX far.test': records(mx(20, 'B.test'), mx(10, 'a.test')) },
      {
        kind: 'found',
        value: {
          kind: 'hosts',
          hosts: [
            { host: 'a.test', preference: 10 },
            { host: 'b.test', preference: 20 },
          ],
        },
      },
    ],
    [
      'RFC 7505: a null MX',
      { 'MX far.test': records(mx(0, '.')) },
      { kind: 'found', value: { kind: 'null' } },
    ],
    [
      'RFC 7505 §3: a null MX beside hosts is not one',
      { 'MX far.test': records(mx(0, '.'), mx(10, 'a.test')) },
      { kind: 'found', value: { kind: 'hosts', hosts: [{ host: 'a.test', preference: 10 }] } },
    ],
    ['a name that does not exist', {}, { kind: 'absent', what: 'no-such-name' }],
    ['a name without MX', { 'A far.test': records(v4) }, { kind: 'absent', what: 'no-such-record' }],
  ];
  for (const [why, table, expected] of cases) {
    it(why, async (t) => {
      const { port } = await startDnsServer(t, table);
      const dns = systemDns([`127.0.0.1:${port}`], TIMEOUT_MS);
      assert.deepEqual(await dns.mx(FAR), expected);
    });
  }

  for (const [why, answer] of [
    ['SERVFAIL', code('SERVFAIL')],
    ['REFUSED', code('REFUSED')],
    ['no answer', { kind: 'silence' }],
    ['an answer that is no message', { kind: 'garbage' }],
    ['an address in place of a name', records(mx(10, '192.0.2.1'))],
  ] as const satisfies readonly (readonly [string, DnsAnswer])[]) {
    it(`${why} is unknown, never absent`, async (t) => {
      const { port } = await startDnsServer(t, { 'MX far.test': answer });
      const found = await systemDns([`127.0.0.1:${port}`], TIMEOUT_MS).mx(FAR);
      assert.equal(found.kind, 'unknown');
      assert.match(found.kind === 'unknown' ? found.because : '', /MX.*far\.test/);
    });
  }

  it('a resolver that is not there is unknown', async () => {
    const found = await systemDns(['127.0.0.1:1'], TIMEOUT_MS).mx(FAR);
    assert.equal(found.kind, 'unknown');
  });
});

describe('addresses', () => {
  const cases: readonly (readonly [string, Table, unknown])[] = [
    [
      'IPv6 first, then IPv4',
      { 'A far.test': records(v4), 'AAAA far.test': records(v6) },
      { kind: 'found', value: ['2001:db8::1', '192.0.2.1'] },
    ],
    ['IPv6 only', { 'AAAA far.test': records(v6) }, { kind: 'found', value: ['2001:db8::1'] }],
    ['IPv4 only', { 'A far.test': records(v4) }, { kind: 'found', value: ['192.0.2.1'] }],
    [
      'one family without an answer does not hide the other',
      { 'A far.test': records(v4), 'AAAA far.test': code('SERVFAIL') },
      { kind: 'found', value: ['192.0.2.1'] },
    ],
    [
      'a name without addresses',
      { 'MX far.test': records(mx(10, 'a.test')) },
      { kind: 'absent', what: 'no-such-record' },
    ],
    ['a name that does not exist', {}, { kind: 'absent', what: 'no-such-name' }],
  ];
  for (const [why, table, expected] of cases) {
    it(why, async (t) => {
      const { port } = await startDnsServer(t, table);
      assert.deepEqual(await systemDns([`127.0.0.1:${port}`], TIMEOUT_MS).addresses(FAR), expected);
    });
  }

  it('none in one family and no answer for the other is unknown: it may be the only one', async (t) => {
    const { port } = await startDnsServer(t, { 'AAAA far.test': code('SERVFAIL') });
    const found = await systemDns([`127.0.0.1:${port}`], TIMEOUT_MS).addresses(FAR);
    assert.equal(found.kind, 'unknown');
  });

  it('RFC 6761 §6.3: nobody is asked about localhost', async (t) => {
    const { port, asked } = await startDnsServer(t, {});
    const dns = systemDns([`127.0.0.1:${port}`], TIMEOUT_MS);
    for (const name of ['localhost', 'mail.localhost'])
      assert.deepEqual(await dns.addresses(domain(name)), { kind: 'found', value: ['::1', '127.0.0.1'] });
    assert.deepEqual(asked, []);
  });
});

describe('PTR', () => {
  const V4 = 'PTR 1.2.0.192.in-addr.arpa';
  const V6 = `PTR 1${'.0'.repeat(23)}.8.b.d.0.1.0.0.2.ip6.arpa`;
  const cases: readonly (readonly [string, Table, address: string, unknown])[] = [
    [
      'all names of an address, lower-case',
      { [V4]: records(ptr('Relay.test'), ptr('b.test')) },
      '192.0.2.1',
      { kind: 'found', value: ['relay.test', 'b.test'] },
    ],
    ['of IPv6 too', { [V6]: records(ptr('a.test')) }, '2001:db8::1', { kind: 'found', value: ['a.test'] }],
    [
      'what is no name of a host is left out',
      { [V4]: records(ptr('a b.test'), ptr('a.test')) },
      '192.0.2.1',
      { kind: 'found', value: ['a.test'] },
    ],
    [
      'and nothing may be left',
      { [V4]: records(ptr('a b.test')) },
      '192.0.2.1',
      { kind: 'absent', what: 'no-such-record' },
    ],
    ['an address without a name', {}, '192.0.2.1', { kind: 'absent', what: 'no-such-name' }],
  ];
  for (const [why, table, address, expected] of cases) {
    it(why, async (t) => {
      const { port } = await startDnsServer(t, table);
      assert.deepEqual(await systemDns([`127.0.0.1:${port}`], TIMEOUT_MS).reverse(address), expected);
    });
  }

  it('no answer is unknown', async (t) => {
    const { port } = await startDnsServer(t, { [V4]: { kind: 'silence' } });
    const answer = await systemDns([`127.0.0.1:${port}`], TIMEOUT_MS).reverse('192.0.2.1');
    assert.equal(answer.kind, 'unknown');
  });
});
