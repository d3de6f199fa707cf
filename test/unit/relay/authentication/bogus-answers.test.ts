import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseName } from '../../../../src/dns/name.ts';
import { type Question, types } from '../../../../src/dns/record.ts';
import { bogusAnswers } from '../../../../src/relay/authentication/bogus-answers.ts';
import { answerFrom } from '../../../support/scripted-zone.ts';

const HOUR = 3_600_000;

function questionFor(name: string): Question {
  const parsed = parseName(name);
  return parsed.kind === 'ok' ? { name: parsed.value, type: types.TXT } : assert.fail(parsed.because);
}

function stage(zone: Parameters<typeof answerFrom>[0]) {
  const told: string[] = [];
  const answer = answerFrom(zone);
  const watch = bogusAnswers((what, about) => told.push(`${what} ${JSON.stringify(about)}`));
  const ask = (name: string, at = 0) =>
    watch((question) => Promise.resolve(answer(question)), { id: 'm1', client: '192.0.2.1', at })(
      questionFor(name),
    );
  return { told, ask };
}

describe('answers that DNSSEC finds wrong', () => {
  it('are given on as they are, and told with the name and the message', async () => {
    const { told, ask } = stage({
      'forged.test TXT': 'bogus',
      'lost.test TXT': 'unknown',
      'a.test TXT': ['"x"'],
    });
    assert.equal((await ask('forged.test')).status, 'bogus');
    assert.equal((await ask('lost.test')).kind, 'unknown');
    assert.equal((await ask('a.test')).kind, 'found');
    assert.equal(told.length, 1);
    assert.match(
      told[0] ?? '',
      /^the TXT records of forged\.test\.? are bogus \(DNSSEC\), .*: of the test: the signature does not fit \{"client":"192\.0\.2\.1","id":"m1"\}$/,
    );
  });

  it('are told once an hour for a name', async () => {
    const { told, ask } = stage({ 'forged.test TXT': 'bogus' });
    for (const at of [0, 1, HOUR - 1, HOUR, HOUR + 1]) await ask('forged.test', at);
    assert.equal(told.length, 2);
  });

  it('do not fill the log, whatever names a stranger has wrong', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}.test`);
    const { told, ask } = stage(Object.fromEntries(names.map((name) => [`${name} TXT`, 'bogus' as const])));
    for (const name of names) await ask(name);
    assert.equal(told.length, 20);
    for (const name of names.toReversed()) await ask(name, HOUR);
    assert.equal(told.length, 40, 'an hour later there is room again');
    await ask('n0.test', 0);
    assert.equal(told.length, 41, 'a clock that was set back keeps nobody silent');
  });
});
