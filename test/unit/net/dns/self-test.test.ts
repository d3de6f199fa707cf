import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ResourceRecord, types } from '../../../../src/dns/record.ts';
import {
  hasSignedKeys,
  type SelfTest,
  summaryOf,
  type TestTerms,
  testClients,
} from '../../../../src/net/dns/self-test.ts';
import { name, record, soa } from '../../../support/dns/server.ts';
import { manualDeadlines } from '../../../support/manual-deadlines.ts';
import { type FakeClient, fakeClient, messageOf, type Said } from './clients.ts';

const key = record('.', types.DNSKEY, Buffer.from([1, 0, 3, 8, 1, 2, 3]));
/** Only what it covers is looked at. */
const signature = (covered: number, owner = '.'): ResourceRecord =>
  record(
    owner,
    types.RRSIG,
    Buffer.from([covered >> 8, covered & 0xff, ...Array.from({ length: 20 }, () => 1)]),
  );
const signedKeys: Said = { answers: [key, signature(types.DNSKEY)] };

function saying(...said: readonly (Said | string)[]): FakeClient {
  const left = [...said];
  const client = fakeClient('192.0.2.53:53');
  client.always = ({ answer, fail }) => {
    const next = left.shift() ?? 'was asked once too often';
    if (typeof next === 'string') fail(next);
    else answer(next);
  };
  return client;
}

async function test(
  mode: TestTerms['mode'],
  clients: readonly FakeClient[],
  zones = [name('.')],
): Promise<{ readonly result: SelfTest; readonly verdicts: string; readonly needsDo: boolean }> {
  const tests = await testClients(clients, { mode, zones, deadlines: manualDeadlines(), timeoutMs: 1_000 });
  return {
    result: summaryOf(tests),
    verdicts: tests.map(({ verdict }) => verdict).join(' '),
    needsDo: tests.some(({ needsDo }) => needsDo),
  };
}

describe('where answers are proven here', () => {
  it('the resolver has to give the signed keys of a zone with an anchor', async () => {
    const client = saying(signedKeys);
    const { result } = await test('validate', [client]);
    assert.deepEqual(result, { kind: 'provable', because: '192.0.2.53:53 gives the signed keys of .' });
    const [put] = client.put;
    assert.deepEqual(put?.question, { name: name('.'), type: types.DNSKEY });
    assert.deepEqual([put?.wishes.dnssecOk, put?.wishes.checkingDisabled], [true, true]);
  });

  it('one of the zones is enough', async () => {
    const keys = [record('b.test', types.DNSKEY, key.data), signature(types.DNSKEY, 'b.test')];
    const { result } = await test(
      'validate',
      [saying({ rcode: 3 }, { answers: keys })],
      [name('a.test'), name('b.test')],
    );
    assert.equal(result.kind, 'provable');
  });

  it('keys without signatures, signatures of something else and no keys at all prove nothing', async () => {
    for (const said of [
      { answers: [key] },
      { answers: [key, signature(types.SOA)] },
      { answers: [signature(types.DNSKEY)] },
      { answers: [key, signature(types.DNSKEY, 'other.test')] },
      { rcode: 2, errors: [{ code: 22, text: 'nobody there' }] },
    ]) {
      const { result } = await test('validate', [saying(said)]);
      assert.equal(result.kind, 'unprovable');
      assert.match(
        result.because,
        /^192\.0\.2\.53:53 gives no DNSSEC records \(to \. DNSKEY it answered \w+ with/,
      );
      assert.match(result.because, /, so nothing can be proven and DANE is off$/);
    }
  });

  it('one that does not know EDNS is told as that', async () => {
    const client = saying({ answers: [key] });
    client.habits.refusesEdns();
    const { result } = await test('validate', [client]);
    assert.match(result.because, /^192\.0\.2\.53:53 does not know EDNS, so it gives no DNSSEC records/);
  });

  it('whether a message holds signed keys', () => {
    assert.equal(hasSignedKeys(messageOf(signedKeys), name('.')), true);
    assert.equal(hasSignedKeys(messageOf(signedKeys), name('test')), false);
  });
});

describe('where the resolver is believed', () => {
  const answers = [soa('.')];

  it('it has to say that it has validated: RFC 6840 §5.7 and §5.8', async () => {
    const client = saying({ answers, ad: true }, { answers, ad: true });
    const { result, needsDo } = await test('trust', [client]);
    assert.deepEqual(result, { kind: 'provable', because: '192.0.2.53:53 validates . (AD)' });
    assert.equal(needsDo, false);
    const asked = client.put.map(({ question: { type }, wishes }) => ({ type, ...wishes }));
    const common = { type: types.SOA, checkingDisabled: false };
    assert.deepEqual(asked, [
      { ...common, authenticData: false, dnssecOk: true },
      { ...common, authenticData: true, dnssecOk: false },
    ]);
  });

  it('some say so only where they are asked for records of DNSSEC too', async () => {
    const { result, needsDo } = await test('trust', [saying({ answers, ad: true }, { answers })]);
    assert.equal(result.kind, 'provable');
    assert.equal(needsDo, true);
  });

  it('one that gives back the AD bit of the question says nothing', async () => {
    const client = fakeClient('192.0.2.53:53');
    client.always = ({ answer, wishes }) => answer({ answers, ad: wishes.authenticData });
    assert.equal((await test('trust', [client])).result.kind, 'unprovable');
  });

  it('without AD it does not validate; nor with AD on nothing', async () => {
    for (const said of [{ answers }, { ad: true }, { rcode: 5 }]) {
      const { result } = await test('trust', [saying(said)]);
      assert.match(
        result.because,
        /^192\.0\.2\.53:53 does not validate \(to \. SOA it answered \w+ with \d records, without AD\)/,
      );
      assert.equal(result.kind, 'unprovable');
    }
  });
});

describe('of several', () => {
  it('one that is good is enough, and the others are named', async () => {
    const { result, verdicts } = await test('validate', [
      saying({ answers: [key] }),
      saying(signedKeys),
      saying('is not there'),
    ]);
    assert.equal(verdicts, 'no yes silent');
    assert.equal(result.kind, 'provable');
    assert.match(
      result.because,
      /^192\.0\.2\.53:53 gives the signed keys of \.; not asked for now: .*no DNSSEC.*; .*is not there$/,
    );
  });

  it('a bad one counts more than one that is silent', async () => {
    assert.equal((await test('validate', [saying('is not there'), saying({})])).result.kind, 'unprovable');
  });

  it('where none answers nothing is known', async () => {
    const { result } = await test('validate', [saying('is not there'), saying('is away')]);
    assert.deepEqual(result, {
      kind: 'no-answer',
      because: '192.0.2.53:53 is not there; 192.0.2.53:53 is away',
    });
  });
});

it('a resolver that is silent is waited for as long as for any question', async () => {
  const deadlines = manualDeadlines();
  const client = fakeClient('192.0.2.53:53');
  const tests = testClients([client], { mode: 'validate', zones: [name('.')], deadlines, timeoutMs: 1_000 });
  deadlines.later(1_000);
  const [result] = await tests;
  assert.equal(result?.verdict, 'silent');
  assert.equal(result.because, '192.0.2.53:53 did not answer within 2 s (UDP, 3 tries)');
  assert.equal(client.put[0]?.dropped, true);
});
