import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type HostFacts, lookUpHost, type TlsaFacts } from '../../../../src/policies/dane/hosts.ts';
import { domain } from './records.ts';
import { type Driven, drive, type World } from './world.ts';

const digest = 'ab'.repeat(32);
const tlsa = `secure 3 1 1 ${digest}`;
const address = 'secure 192.0.2.1';

const look = (world: World, port = 25): Driven<HostFacts> =>
  drive(lookUpHost(domain('mx.test'), port), world);

function tlsaOf(world: World, port = 25): TlsaFacts {
  const { outcome } = look(world, port);
  return outcome.kind === 'found' ? outcome.tlsa : assert.fail(outcome.because);
}

/** `kind base`, or the kind alone. */
function summary(world: World): string {
  const facts = tlsaOf(world);
  return facts.kind === 'found' ? `found ${facts.base}` : facts.kind;
}

const askedTlsa = ({ asked }: Driven<HostFacts>): readonly string[] =>
  asked.filter((one) => one.endsWith(' TLSA'));

describe('addresses', () => {
  it('RFC 7672 §2.2.2: "MUST perform any A and/or AAAA queries for the destination before attempting to locate the associated TLSA records"', () => {
    const { asked } = look({ 'mx.test A': address, '_25._tcp.mx.test TLSA': tlsa });
    assert.deepEqual(asked, ['mx.test A', 'mx.test AAAA', '_25._tcp.mx.test TLSA']);
  });

  it('RFC 6761 §6.3: localhost is this host, and no resolver is asked about it', () => {
    for (const name of ['localhost', 'mail.localhost']) {
      const { outcome, asked } = drive(lookUpHost(domain(name), 24), { 'localhost A': 'bogus' });
      assert.deepEqual(asked, []);
      assert.equal(outcome.kind, 'found');
      assert.deepEqual('addresses' in outcome && outcome.addresses, ['127.0.0.1', '::1']);
      assert.equal('tlsa' in outcome && outcome.tlsa.kind, 'absent');
    }
    assert.notDeepEqual(look({}).asked, []);
  });

  it('both families, IPv4 first', () => {
    const aaaa = `secure 2001:0db8:${'0000:'.repeat(5)}0001`;
    const { outcome } = look({ 'mx.test A': 'secure 192.0.2.1, 192.0.2.2', 'mx.test AAAA': aaaa });
    assert.deepEqual(outcome.kind === 'found' && outcome.addresses, [
      '192.0.2.1',
      '192.0.2.2',
      '2001:db8::1',
    ]);
  });

  it('the name at the end of the aliases, where the host is one', () => {
    const ownerIn = (world: World): string | undefined => {
      const { outcome } = look(world);
      return outcome.kind === 'found' ? outcome.owner : assert.fail(outcome.because);
    };
    assert.equal(ownerIn({ 'mx.test A': address }), undefined);
    for (const status of ['secure', 'insecure'])
      assert.equal(
        ownerIn({ 'mx.test A': `${status} -> end.test`, 'end.test A': `${status} 192.0.2.1` }),
        'end.test',
      );
  });

  it('tells the least that is proven of them', () => {
    const status = (a: string, aaaa: string): string =>
      look({ 'mx.test A': a, 'mx.test AAAA': aaaa }).outcome.status;
    assert.equal(status(address, 'secure none'), 'secure');
    assert.equal(status(address, 'insecure none'), 'secure', 'of those that are used');
    assert.equal(status(address, `insecure ${'00'.repeat(16)}`), 'insecure');
    assert.equal(status('insecure none', 'secure none'), 'insecure');
    assert.equal(status('unknown', 'bogus'), 'bogus');
  });

  it('D9: addresses that cannot be learnt are unknown, not absent, and no TLSA is asked for', () => {
    for (const world of [
      { 'mx.test A': 'unknown', 'mx.test AAAA': 'unknown' },
      { 'mx.test A': 'bogus', 'mx.test AAAA': 'secure none' },
      { 'mx.test A': 'secure none', 'mx.test AAAA': 'unknown' },
    ]) {
      const { outcome, asked } = look(world);
      assert.equal(outcome.kind, 'unknown');
      assert.match(
        outcome.kind === 'unknown' ? outcome.because : '',
        /^the addresses of mx\.test cannot be learnt: /,
      );
      assert.equal(asked.length, 2);
    }
  });

  it('D9: one family is enough where the other cannot be learnt', () => {
    assert.equal(look({ 'mx.test A': address, 'mx.test AAAA': 'unknown' }).outcome.kind, 'found');
    assert.equal(
      summary({
        'mx.test A': 'bogus',
        'mx.test AAAA': `secure ${'00'.repeat(16)}`,
        '_25._tcp.mx.test TLSA': tlsa,
      }),
      'found mx.test',
    );
  });

  it('D10: a host without an address is absent, and no TLSA is asked for', () => {
    for (const status of ['secure', 'insecure']) {
      const { outcome, asked } = look({ 'mx.test A': `${status} none`, 'mx.test AAAA': `${status} none` });
      assert.deepEqual(outcome, {
        kind: 'absent',
        host: 'mx.test',
        status,
        because: 'mx.test has no address',
      });
      assert.equal(asked.length, 2);
    }
  });
});

describe('TLSA records', () => {
  it('D5: whether the MX records are secure does not matter here: the host and its records are', () => {
    const facts = tlsaOf({ 'mx.test A': address, '_25._tcp.mx.test TLSA': tlsa });
    assert.deepEqual(facts.kind === 'found' && facts.set.usable.map(({ usage }) => usage), [3]);
    assert.deepEqual(facts.evidence, [
      'the addresses of mx.test are secure',
      '_25._tcp.mx.test has 1 secure TLSA record, 1 that counts',
    ]);
  });

  it('D6: "If the DNSSEC validation status of the first query response is insecure", no TLSA is asked for at all', () => {
    // As at providers whose servers answer TLSA questions with errors.
    const driven = look({ 'mx.test A': 'insecure 192.0.2.1', '_25._tcp.mx.test TLSA': 'unknown' });
    assert.deepEqual(askedTlsa(driven), []);
    assert.equal(driven.outcome.kind === 'found' && driven.outcome.tlsa.kind, 'absent');
    const why = 'the addresses of mx.test are insecure, so TLSA records are not asked for';
    const tlsaFacts = tlsaOf({ 'mx.test A': 'insecure 192.0.2.1' });
    assert.equal(tlsaFacts.kind === 'absent' && tlsaFacts.because, why);
    assert.deepEqual(tlsaFacts.evidence, [why, 'the test says insecure 192.0.2.1']);
  });

  it('D6: where nobody has looked at DNSSEC, no TLSA is asked for either (D26)', () => {
    assert.deepEqual(askedTlsa(look({ 'mx.test A': 'indeterminate 192.0.2.1' })), []);
  });

  it('D7: an alias in a signed zone that leads to an unsigned one: the TLSA records at its own name hold', () => {
    const world = {
      'mx.test': 'secure -> mx.unsigned.test',
      'mx.unsigned.test A': 'insecure 192.0.2.1',
      '_25._tcp.mx.test TLSA': tlsa,
    };
    assert.equal(summary(world), 'found mx.test');
    assert.deepEqual(askedTlsa(look(world)), ['_25._tcp.mx.test TLSA']);
    assert.deepEqual(tlsaOf(world).evidence.slice(0, 1), [
      'mx.test is an alias, secure in its own zone and insecure at mx.unsigned.test',
    ]);
  });

  it('D7: "If the initial CNAME response is also insecure, DANE TLS does not apply"', () => {
    const world = {
      'mx.test': 'insecure -> mx.signed.test',
      'mx.signed.test A': address,
      '_25._tcp.mx.test TLSA': tlsa,
      '_25._tcp.mx.signed.test TLSA': tlsa,
    };
    assert.equal(summary(world), 'absent');
    assert.deepEqual(askedTlsa(look(world)), []);
  });

  const aliased = {
    'mx.test': 'secure -> middle.test',
    'middle.test': 'secure -> end.test',
    'end.test A': address,
  };

  it('D8: an alias that is secure all the way: "the fully CNAME-expanded initial name and, failing that, then the initial name itself"', () => {
    const both = { ...aliased, '_25._tcp.end.test TLSA': tlsa, '_25._tcp.mx.test TLSA': tlsa };
    assert.equal(summary(both), 'found end.test');
    assert.deepEqual(askedTlsa(look(both)), ['_25._tcp.end.test TLSA']);
  });

  for (const there of ['secure none', 'secure nothing', 'insecure nothing', `insecure 3 1 1 ${digest}`]) {
    it(`D8: ${there.slice(0, 20)} at the end of the alias: the original name`, () => {
      const world = { ...aliased, '_25._tcp.end.test TLSA': there, '_25._tcp.mx.test TLSA': tlsa };
      assert.equal(summary(world), 'found mx.test');
      assert.deepEqual(askedTlsa(look(world)), ['_25._tcp.end.test TLSA', '_25._tcp.mx.test TLSA']);
    });
  }

  it('D8: "Intermediate names ... are never candidate TLSA base domains, even if secure"', () => {
    const world = { ...aliased, '_25._tcp.middle.test TLSA': tlsa };
    assert.equal(summary(world), 'absent');
    assert.ok(!look(world).asked.some((one) => one.includes('middle')));
  });

  it('D8: an error at the end of the alias is an error, whatever there is at the original name', () => {
    assert.equal(
      summary({ ...aliased, '_25._tcp.end.test TLSA': 'unknown', '_25._tcp.mx.test TLSA': tlsa }),
      'unknown',
    );
  });

  it('D8: an alias to a name that no certificate can have is not a base', () => {
    const world = {
      'mx.test': 'secure -> odd\\000name.test',
      'odd\\000name.test A': address,
      '_25._tcp.mx.test TLSA': tlsa,
    };
    assert.equal(summary(world), 'found mx.test');
    assert.deepEqual(askedTlsa(look(world)), ['_25._tcp.mx.test TLSA']);
  });

  for (const failed of ['unknown', 'bogus']) {
    it(`D11: TLSA records that are ${failed} beside secure addresses are unknown, never absent`, () => {
      const facts = tlsaOf({ 'mx.test A': address, '_25._tcp.mx.test TLSA': failed });
      assert.equal(facts.kind, 'unknown');
      assert.match(
        facts.kind === 'unknown' ? facts.because : '',
        /^the TLSA records at _25\._tcp\.mx\.test cannot be learnt: /,
      );
      assert.equal(facts.evidence.length, 2);
    });
  }

  for (const there of [
    'secure none',
    'secure nothing',
    'insecure none',
    `insecure 3 1 1 ${digest}`,
    `indeterminate 3 1 1 ${digest}`,
  ]) {
    it(`D12: ${there.slice(0, 24)}: no DANE at this host`, () => {
      const facts = tlsaOf({ 'mx.test A': address, '_25._tcp.mx.test TLSA': there });
      assert.equal(facts.kind, 'absent');
      assert.match(facts.kind === 'absent' ? facts.because : '', /TLSA records at _25\._tcp\.mx\.test/);
    });
  }

  it('D12: that there are none is proven only where every place is asked, and each says so securely', () => {
    const proven = (world: World): boolean => {
      const facts = tlsaOf(world);
      return facts.kind === 'absent' && facts.proven === true;
    };
    const place = '_25._tcp.mx.test TLSA';
    assert.equal(proven({ 'mx.test A': address, [place]: 'secure none' }), true);
    assert.equal(proven({ 'mx.test A': address, [place]: 'secure nothing' }), true);
    assert.equal(proven({ 'mx.test A': address, [place]: 'insecure none' }), false);
    assert.equal(proven({ 'mx.test A': address, [place]: `insecure 3 1 1 ${digest}` }), false);
    // What makes addresses look unsigned keeps the question from being asked.
    assert.equal(proven({ 'mx.test A': 'insecure 192.0.2.1', [place]: 'secure none' }), false);
    assert.equal(proven({ ...aliased, [place]: 'secure none' }), true);
    assert.equal(
      proven({ ...aliased, [place]: 'secure none', '_25._tcp.end.test TLSA': 'insecure none' }),
      false,
    );
  });

  it('D13: an alias of the records is followed, and does not change the base domain', () => {
    const world = {
      'mx.test A': address,
      '_25._tcp.mx.test': 'secure -> _dane.test',
      '_dane.test TLSA': tlsa,
    };
    assert.equal(summary(world), 'found mx.test');
    assert.equal(
      tlsaOf(world).evidence.at(-1),
      '_25._tcp.mx.test, an alias of _dane.test has 1 secure TLSA record, 1 that counts',
    );
  });

  it('D13: "If any insecure records are encountered", they are as absent', () => {
    const insecure = {
      'mx.test A': address,
      '_25._tcp.mx.test': 'secure -> _dane.test',
      '_dane.test TLSA': `insecure 3 1 1 ${digest}`,
    };
    assert.equal(summary(insecure), 'absent');
    assert.equal(
      summary({ ...insecure, '_25._tcp.mx.test': 'insecure -> _dane.test', '_dane.test TLSA': tlsa }),
      'absent',
    );
    assert.equal(summary({ ...insecure, '_dane.test TLSA': 'unknown' }), 'unknown');
  });

  it('D21: the base domain, which is the name for SNI, is where the records are', () => {
    const world = {
      'mx.test': 'secure -> end.test',
      'end.test A': address,
      '_25._tcp.end.test': 'secure -> _dane.test',
      '_dane.test TLSA': tlsa,
    };
    assert.equal(summary(world), 'found end.test');
  });

  it('D14: records that authenticate nobody are found all the same, and told', () => {
    const facts = tlsaOf({
      'mx.test A': address,
      '_25._tcp.mx.test TLSA': `secure 1 1 1 ${digest}, 3 1 1 ab`,
    });
    assert.equal(facts.kind === 'found' && facts.set.usable.length, 0);
    assert.deepEqual(facts.evidence.slice(1), [
      '_25._tcp.mx.test has 2 secure TLSA records, 0 that count',
      `the TLSA record 1 1 1 ${digest} is unusable: it has the usage 1, which mail between servers does not use`,
      'the TLSA record 3 1 1 ab is unusable: it holds 1 octet, where a digest has 32',
    ]);
  });

  it('does not tell more unusable records than anybody reads', () => {
    const many = Array.from({ length: 500 }, () => `1 1 1 ${digest}`).join(', ');
    assert.equal(
      tlsaOf({ 'mx.test A': address, '_25._tcp.mx.test TLSA': `secure ${many}` }).evidence.length,
      12,
    );
  });

  it('RFC 7672 §2.2.3: "the SMTP client MUST use the appropriate number in the _<port> prefix"', () => {
    const facts = tlsaOf({ 'mx.test A': address, '_2525._tcp.mx.test TLSA': tlsa }, 2525);
    assert.equal(facts.kind, 'found');
  });

  it('a host whose name leaves no room for the labels of the service has no records', () => {
    const label = 'x'.repeat(61);
    const long = domain([label, label, label, label].join('.'));
    const { outcome, asked } = drive(lookUpHost(long, 25), { [`${long} A`]: address });
    assert.equal(outcome.kind === 'found' && outcome.tlsa.kind, 'absent');
    assert.equal(asked.length, 2);
  });

  it('a failed question never makes a host without DANE out of one with it', () => {
    const facts = fc.constantFrom(tlsa, 'secure none', 'insecure none', 'unknown', 'bogus');
    const status = fc.constantFrom('secure', 'insecure');
    fc.assert(
      fc.property(facts, facts, status, status, (end, own, first, second) => {
        const world: World = {
          'mx.test': `${first} -> end.test`,
          'end.test A': `${second} 192.0.2.1`,
          '_25._tcp.end.test TLSA': end,
          '_25._tcp.mx.test TLSA': own,
        };
        const before = summary(world);
        for (const key of ['_25._tcp.end.test TLSA', '_25._tcp.mx.test TLSA']) {
          const after = summary({ ...world, [key]: 'unknown' });
          assert.ok(after === before || after === 'unknown', `${before} became ${after}`);
        }
      }),
    );
  });
});
