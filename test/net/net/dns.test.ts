/** What a resolver's answers mean: found, absent or unknown, which never counts as absent. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { ianaAnchors } from '../../../src/dns/anchors.ts';
import type { Answer, DnssecStatus } from '../../../src/dns/answer.ts';
import { type Question, types } from '../../../src/dns/record.ts';
import { openResolver } from '../../../src/net/dns/resolver.ts';
import { type Dns, mailDns, type ReverseDns } from '../../../src/net/dns.ts';
import { name } from '../../support/dns/server.ts';
import { domain } from '../../support/relay.ts';
import { type DnsAnswer, mx, ptr, records, startDnsServer } from './dns-server.ts';

const FAR = domain('far.test');
const TIMEOUT_MS = 300;

/** As a relay has it that asks a server on this host, which knows nothing of DNSSEC. */
function dnsAt(t: TestContext, port: number): Dns & ReverseDns {
  const resolver = openResolver({
    upstreams: [{ address: '127.0.0.1', port, transport: { kind: 'plain' } }],
    dnssec: 'validate',
    whenUnprovable: 'use',
    anchors: ianaAnchors,
    sha1: true,
    now: Date.now,
    random: randomBytes,
    timeoutMs: TIMEOUT_MS,
    onNotice: () => undefined,
  });
  t.after(() => resolver.close());
  return mailDns(resolver, Math.random);
}

const unproven = { dnssec: 'indeterminate', aliases: [] };

const v4 = Buffer.from([192, 0, 2, 1]);
const v6 = Buffer.from('20010db8000000000000000000000001', 'hex');
const code = (rcode: 'NOERROR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED'): DnsAnswer => ({ kind: 'code', rcode });

type Table = Readonly<Record<string, DnsAnswer>>;

describe('an answer that is none', () => {
  for (const [why, answer] of [
    ['SERVFAIL', code('SERVFAIL')],
    ['REFUSED', code('REFUSED')],
    ['no answer', { kind: 'silence' }],
    ['an answer that is no message', { kind: 'garbage' }],
  ] as const satisfies readonly (readonly [string, DnsAnswer])[]) {
    it(`${why} is unknown, never absent`, async (t) => {
      const { port } = await startDnsServer(t, { 'A far.test': answer, 'AAAA far.test': answer });
      const found = await dnsAt(t, port).addresses(FAR);
      assert.equal(found.kind, 'unknown');
      assert.match(found.kind === 'unknown' ? found.because : '', /AAAA.*far\.test/);
    });
  }

  it('a resolver that is not there is unknown', async (t) => {
    const found = await dnsAt(t, 1).addresses(FAR);
    assert.equal(found.kind, 'unknown');
  });
});

describe('addresses', () => {
  const cases: readonly (readonly [string, Table, object])[] = [
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
      assert.deepEqual(await dnsAt(t, port).addresses(FAR), { ...expected, ...unproven });
    });
  }

  it('none in one family and no answer for the other is unknown: it may be the only one', async (t) => {
    const { port } = await startDnsServer(t, { 'AAAA far.test': code('SERVFAIL') });
    const found = await dnsAt(t, port).addresses(FAR);
    assert.equal(found.kind, 'unknown');
  });

  it('RFC 6761 §6.3: nobody is asked about localhost', async (t) => {
    const { port, asked } = await startDnsServer(t, {});
    const dns = dnsAt(t, port);
    for (const host of ['localhost', 'mail.localhost'])
      assert.deepEqual(await dns.addresses(domain(host)), {
        kind: 'found',
        value: ['::1', '127.0.0.1'],
        ...unproven,
      });
    assert.deepEqual(asked, []);
  });
});

it('RFC 5321 §5.1: the addresses of a host come in another order each time, IPv6 first', async () => {
  const last = (octet: number, at: Buffer): Buffer => Buffer.concat([at.subarray(0, -1), Buffer.of(octet)]);
  const ranks = [0.5, 0.1, 0.2, 0.9];
  const dns = telling(
    {
      [types.AAAA]: ['secure', { kind: 'found', records: [last(1, v6), last(2, v6)] }],
      [types.A]: ['secure', { kind: 'found', records: [last(1, v4), last(2, v4)] }],
    },
    () => ranks.shift() ?? 0,
  );
  const found = await dns.addresses(FAR);
  const expected = ['2001:db8::2', '2001:db8::1', '192.0.2.1', '192.0.2.2'];
  assert.deepEqual(found.kind === 'found' && found.value, expected);
});

describe('PTR', () => {
  const V4 = 'PTR 1.2.0.192.in-addr.arpa';
  const V6 = `PTR 1${'.0'.repeat(23)}.8.b.d.0.1.0.0.2.ip6.arpa`;
  const cases: readonly (readonly [string, Table, address: string, object])[] = [
    [
      'all names of an address, lower-case',
      { [V4]: records(ptr('Relay.test'), ptr('b.test')) },
      '192.0.2.1',
      { kind: 'found', value: ['b.test', 'relay.test'] },
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
      assert.deepEqual(await dnsAt(t, port).reverse(address), { ...expected, ...unproven });
    });
  }

  it('no answer is unknown', async (t) => {
    const { port } = await startDnsServer(t, { [V4]: { kind: 'silence' } });
    const answer = await dnsAt(t, port).reverse('192.0.2.1');
    assert.equal(answer.kind, 'unknown');
  });
});

/** What the resolver is said to answer, with what all answers have in common. */
type Told =
  | { readonly kind: 'found'; readonly records: readonly Uint8Array[] }
  | { readonly kind: 'absent'; readonly what: 'no-such-name' | 'no-such-record' }
  | { readonly kind: 'unknown'; readonly unproven: readonly Uint8Array[] };

function answered(question: Question, status: DnssecStatus, told: Told): Answer {
  const common = {
    question,
    status,
    ttl: 60,
    owner: question.name,
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: 'it was said',
    errors: [],
  };
  const to = name('b.test');
  const aliases = [{ from: question.name, to, by: 'CNAME', status } as const];
  return { ...common, aliases: status === 'secure' ? aliases : [], ...told };
}

/** @param told by type. */
function telling(
  told: Readonly<Record<number, readonly [DnssecStatus, Told]>>,
  random: () => number = Math.random,
): Dns {
  const lookUp = (question: Question): Promise<Answer> => {
    const [status, what] = told[question.type] ?? ['indeterminate', { kind: 'unknown', unproven: [] }];
    return Promise.resolve(answered(question, status, what));
  };
  return mailDns({ lookUp }, random);
}

describe('what is proven', () => {
  const hosts: Told = { kind: 'found', records: [v4] };
  const nothing: Told = { kind: 'absent', what: 'no-such-record' };
  const alias = { from: name('far.test'), to: name('b.test'), by: 'CNAME', status: 'secure' };

  it('stands beside the answer, with the aliases that led to it', async () => {
    const found = await telling({
      [types.A]: ['secure', hosts],
      [types.AAAA]: ['secure', nothing],
    }).addresses(FAR);
    assert.deepEqual(found, { kind: 'found', value: ['192.0.2.1'], dnssec: 'secure', aliases: [alias] });
    const absent = await telling({
      [types.A]: ['insecure', nothing],
      [types.AAAA]: ['insecure', nothing],
    }).addresses(FAR);
    assert.deepEqual(absent, { kind: 'absent', what: 'no-such-record', dnssec: 'insecure', aliases: [] });
  });

  it('RFC 4035 §4.3: a bogus answer is unknown, whatever it holds', async () => {
    for (const told of [
      hosts,
      { kind: 'absent', what: 'no-such-name' },
      { kind: 'unknown', unproven: [] },
    ] as const) {
      const found = await telling({
        [types.A]: ['bogus', told],
        [types.AAAA]: ['secure', nothing],
      }).addresses(FAR);
      assert.deepEqual(found, { kind: 'unknown', because: 'A far.test is bogus: it was said' });
    }
  });

  it('of addresses in two families the weaker proof counts', async () => {
    const six: Told = { kind: 'found', records: [v6] };
    const four: Told = { kind: 'found', records: [v4] };
    const none: Told = { kind: 'absent', what: 'no-such-record' };
    const cases: readonly (readonly [DnssecStatus, Told, DnssecStatus, Told, string])[] = [
      ['secure', six, 'secure', four, 'secure'],
      ['secure', six, 'insecure', four, 'insecure'],
      ['indeterminate', six, 'insecure', four, 'indeterminate'],
      ['secure', none, 'insecure', none, 'insecure'],
      // What is not there takes nothing from what is.
      ['insecure', none, 'secure', four, 'secure'],
      // What is bogus is not used, and hides nothing.
      ['bogus', six, 'secure', four, 'secure'],
    ];
    for (const [sixStatus, sixTold, fourStatus, fourTold, expected] of cases) {
      const dns = telling({ [types.AAAA]: [sixStatus, sixTold], [types.A]: [fourStatus, fourTold] });
      const found = await dns.addresses(FAR);
      assert.equal(found.kind === 'unknown' ? found.because : found.dnssec, expected);
    }
  });
});
