import assert from 'node:assert/strict';
import { it } from 'node:test';
import { find, hear, signersOf } from '../../../../src/dns/dnssec/asking.ts';
import type { Asked } from '../../../../src/dns/look-ups.ts';
import { types } from '../../../../src/dns/record.ts';
import { rrSetsOf } from '../../../../src/dns/rrset.ts';
import { drive } from '../../../support/dns/drive.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { messageOf } from '../../../support/dns/recursion.ts';
import { newKey, rrsigRecord } from '../../../support/dns/signer.ts';
import { readQuestion, readRecords } from '../../../support/dns/zone-text.ts';

const question = readQuestion('www.test. A');
const message = messageOf(question, {
  rcode: 0,
  answers: readRecords('www.test. A 192.0.2.1'),
  authority: [],
});

function heard(
  asked: Asked,
): ReturnType<typeof hear> extends Generator<unknown, infer Heard> ? Heard : never {
  return drive(hear(question), {
    now: 0,
    ask: () => asked,
    verify: () => assert.fail('nothing is to be checked'),
  });
}

it('NOERROR and NXDOMAIN are answers, whatever they hold; other rcodes are none', () => {
  for (const rcode of [0, 3]) {
    const answer = heard({ kind: 'message', message: { ...message, rcode }, from: 'x' });
    assert.ok(answer.kind === 'answer');
    assert.equal(answer.nxdomain, rcode === 3);
    assert.equal(answer.answers.length, 1);
  }
  for (const rcode of [1, 2, 4, 5, 6, 23])
    assert.equal(heard({ kind: 'message', message: { ...message, rcode }, from: 'x' }).kind, 'nothing');
});

it('finds a set by name and type', () => {
  const sets = rrSetsOf(readRecords('a.test. A 192.0.2.1\na.test. MX 1 b.test.\nb.test. A 192.0.2.2'));
  assert.equal(find(sets, readName('a.test.'), types.MX)?.data.length, 1);
  assert.equal(find(sets, readName('b.test.'), types.MX), undefined);
});

it('names who claims to have signed, the closest zones first', () => {
  const set = readRecords('www.leaf.test. A 192.0.2.1');
  const times = { inception: 0, expiration: 1 };
  const signatures = ['test.', 'leaf.test.', 'test.'].map((zone) =>
    rrsigRecord(set, readName(zone), newKey(15), times),
  );
  assert.deepEqual(signersOf(rrSetsOf([...set, ...signatures])), [readName('leaf.test.'), readName('test.')]);
});
