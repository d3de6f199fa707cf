import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, DnssecStatus } from '../../../src/dns/answer.ts';
import { nameOf as dnsName } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import { readMxAnswer } from '../../../src/policies/mx.ts';
import { DOMAIN, nameOf } from '../../support/destinations.ts';

/** RDATA: preference and name, labels as they are written. */
function mx(preference: number, host: string): Uint8Array {
  const labels = host.split('.').filter((label) => label !== '');
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Uint8Array.of(preference >> 8, preference & 0xff, ...name, 0);
}

function common(status: DnssecStatus) {
  const question = { name: dnsName(DOMAIN), type: types.MX };
  return {
    question,
    status,
    ttl: 300,
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: 'of the test',
    errors: [],
  };
}

function found(records: readonly Uint8Array[], status: DnssecStatus = 'secure'): Answer {
  return { ...common(status), kind: 'found', records };
}

describe('the answer about MX records', () => {
  it('RFC 5321 §5.1: "lowest-numbered preferred first", equal ones as they came', () => {
    const facts = readMxAnswer(DOMAIN, found([mx(20, 'c.test'), mx(10, 'b.test'), mx(10, 'a.test')]));
    assert.deepEqual(
      facts.kind === 'hosts' && facts.hosts.map(({ host }) => host),
      ['b.test', 'a.test', 'c.test'].map(nameOf),
    );
  });

  it('D5: keeps what is proven of them, and the end of an alias', () => {
    const answer = { ...found([mx(1, 'a.test')], 'insecure'), owner: dnsName(nameOf('real.test')) };
    const facts = readMxAnswer(DOMAIN, answer);
    assert.equal(facts.kind === 'hosts' && facts.status, 'insecure');
    assert.equal(facts.kind === 'hosts' && facts.owner, 'real.test');
  });

  for (const status of ['indeterminate', 'bogus'] as const) {
    it(`D1: no answer (${status}) is unknown, never that there are none`, () => {
      const facts = readMxAnswer(DOMAIN, { ...common(status), kind: 'unknown', unproven: [mx(1, 'a.test')] });
      assert.equal(facts.kind, 'unknown');
      assert.match(facts.because, /cannot be learnt: of the test/);
    });
  }

  for (const status of ['secure', 'insecure', 'indeterminate'] as const) {
    it(`D2: no such name (${status}) is that there is no such domain`, () => {
      const facts = readMxAnswer(DOMAIN, { ...common(status), kind: 'absent', what: 'no-such-name' });
      assert.equal(facts.kind, 'no-such-domain');
    });
    it(`D4: no such record (${status}) is that the domain is its own host`, () => {
      const facts = readMxAnswer(DOMAIN, { ...common(status), kind: 'absent', what: 'no-such-record' });
      assert.equal(facts.kind === 'implicit' && facts.status, status);
    });
  }

  it('D3, RFC 7505 §3: "a single MX RR" with the root is a null MX', () => {
    assert.equal(readMxAnswer(DOMAIN, found([mx(0, '.')])).kind, 'null');
  });

  it('D3: beside others it is ignored', () => {
    const facts = readMxAnswer(DOMAIN, found([mx(0, '.'), mx(10, 'a.test')]));
    assert.deepEqual(facts.kind === 'hosts' && facts.hosts.map(({ host }) => host), [nameOf('a.test')]);
  });

  it('D3: also beside one that names no host: the domain takes mail, and is written wrongly', () => {
    assert.equal(readMxAnswer(DOMAIN, found([mx(0, '.'), mx(10, '-a.test')])).kind, 'unknown');
    assert.equal(readMxAnswer(DOMAIN, found([mx(0, '.'), Uint8Array.of(0)])).kind, 'unknown');
  });

  it('RFC 5321 §5.1: records that name no host are no implicit MX', () => {
    for (const records of [[mx(10, '-a.test')], [mx(10, '192.0.2.1')], [Uint8Array.of(0, 1, 9)]])
      assert.equal(readMxAnswer(DOMAIN, found(records)).kind, 'unknown');
  });
});
