import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DnssecStatus } from '../../../src/dns/answer.ts';
import { nameOf, root } from '../../../src/dns/name.ts';
import { type Question, types } from '../../../src/dns/record.ts';
import { soundly } from '../../../src/scanner/sound-look-ups.ts';
import { nameOf as domainOf } from '../../support/destinations.ts';
import { answerFrom, type ScriptedZone } from '../../support/scripted-zone.ts';

const asked: Question = { name: nameOf(domainOf('example.test')), type: types.MX };

function said(zone: ScriptedZone, status: DnssecStatus, question = asked): Promise<string> {
  const answer = answerFrom(zone, status);
  return soundly(
    (one) => Promise.resolve(answer(one)),
    'who-knows-the-root',
  )(question).then(({ kind }) => kind);
}

describe('a name that does not exist', () => {
  it('is unknown by a resolver that denies the root as well', async () => {
    assert.equal(await said({}, 'indeterminate'), 'unknown');
    assert.equal(await said({}, 'indeterminate', { name: root, type: types.SOA }), 'unknown');
  });

  it('is absent where the resolver knows the root, or nobody can tell, or it is proven', async () => {
    assert.equal(await said({ '. SOA': ['. . 1 1 1 1 1'] }, 'indeterminate'), 'absent');
    assert.equal(await said({ '. SOA': 'unknown' }, 'indeterminate'), 'absent');
    for (const status of ['secure', 'insecure'] as const) assert.equal(await said({}, status), 'absent');
  });

  it('is no matter where there is an answer', async () => {
    assert.equal(await said({ 'example.test MX': ['10 mx.example.test.'] }, 'indeterminate'), 'found');
  });
});

describe('a resolver of a lab, which knows no root', () => {
  const answer = answerFrom({ 'known.test A': ['192.0.2.1'] }, 'indeterminate');
  const resolve = (question: Question): ReturnType<ReturnType<typeof soundly>> =>
    Promise.resolve(answer(question));
  const known: Question = { name: nameOf(domainOf('known.test')), type: types.A };

  it('is believed once it has known a name', async () => {
    const sound = soundly(resolve, 'who-knows-a-name');
    assert.equal((await sound(asked)).kind, 'unknown');
    assert.equal((await sound(known)).kind, 'found');
    assert.equal((await sound(asked)).kind, 'absent');
  });

  it('is believed at once where everyone is', async () =>
    assert.equal((await soundly(resolve, 'everyone')(asked)).kind, 'absent'));

  it('is never believed where the root has to be known', async () => {
    const sound = soundly(resolve, 'who-knows-the-root');
    assert.equal((await sound(known)).kind, 'found');
    assert.equal((await sound(asked)).kind, 'unknown');
  });
});
