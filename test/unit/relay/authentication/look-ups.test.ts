import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Answer } from '../../../../src/dns/answer.ts';
import { showName } from '../../../../src/dns/name.ts';
import type { Question } from '../../../../src/dns/record.ts';
import { messageLookUps } from '../../../../src/relay/authentication/look-ups.ts';
import { answerFrom } from '../../../support/scripted-zone.ts';

const answer = answerFrom({
  'a.test A': ['192.0.2.1', '192.0.2.2'],
  'a.test AAAA': ['2001:db8::1'],
  'a.test MX': ['10 b.test.', '5 .'],
  'a.test TXT': ['"v=spf1 " "-all"', '"x"'],
  '1.2.0.192.in-addr.arpa PTR': ['a.test.'],
  'lost.test TXT': 'unknown',
  'forged.test TXT': 'bogus',
});

/** @param onAsked sees each question that goes to the resolver. */
function lookUps(
  t: TestContext,
  lookUp: (question: Question) => Promise<Answer> = (question) => Promise.resolve(answer(question)),
) {
  const opened = messageLookUps(lookUp, 40);
  t.after(() => opened.end());
  return opened;
}

describe('mailauth is told', () => {
  it('what there is, as it expects it', async (t) => {
    const { ask } = lookUps(t);
    assert.deepEqual(await ask('a.test', 'A'), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(await ask('A.test.', 'AAAA'), ['2001:db8::1']);
    assert.deepEqual(await ask('a.test', 'MX'), [
      { priority: 10, exchange: 'b.test' },
      { priority: 5, exchange: '.' },
    ]);
    assert.deepEqual(await ask('a.test', 'TXT'), [['v=spf1 ', '-all'], ['x']]);
    assert.deepEqual(await ask('1.2.0.192.in-addr.arpa', 'PTR'), ['a.test']);
  });

  it('what there is not: no such name, no such record, no name that could be', async (t) => {
    const { ask, unknown } = lookUps(t);
    await assert.rejects(ask('b.test', 'A'), { code: 'ENOTFOUND' });
    await assert.rejects(ask('lost.test', 'A'), { code: 'ENODATA' });
    await assert.rejects(ask(`${'x'.repeat(64)}.test`, 'A'), { code: 'ENOTFOUND' });
    await assert.rejects(ask('a..test', 'A'), { code: 'ENOTFOUND' });
    await assert.rejects(ask('\u{1f600}.test', 'A'), { code: 'ENOTFOUND' });
    assert.equal(unknown(), 0);
  });

  it('what nobody knows is never absent: no answer, a bogus one, one too late', async (t) => {
    const { ask, unknown } = lookUps(t);
    await assert.rejects(ask('lost.test', 'TXT'), { code: 'ESERVFAIL', message: 'of the test: no answer' });
    await assert.rejects(ask('forged.test', 'TXT'), { code: 'ESERVFAIL' });
    const late = lookUps(t, () => new Promise(() => undefined));
    await assert.rejects(late.ask('a.test', 'TXT'), { code: 'ETIMEOUT' });
    assert.deepEqual([unknown(), late.unknown()], [2, 1]);
  });
});

it('the dots of a name are dots, and every other octet is itself', async (t) => {
  const asked: string[] = [];
  const { ask } = lookUps(t, (question) => {
    asked.push(showName(question.name));
    return Promise.resolve(answer(question));
  });
  for (const name of ['a b.test', 'a\\046b.test', '"x"(y);@$.test', 'a\xff.test'])
    await assert.rejects(ask(name, 'A'), { code: 'ENOTFOUND' });
  assert.deepEqual(asked, ['a\\032b.test', 'a\\\\046b.test', '\\"x\\"\\(y\\)\\;\\@\\$.test', 'a\\255.test']);
});

it('each question of a message goes out once', async (t) => {
  let asked = 0;
  const { ask } = lookUps(t, (question) => {
    asked += 1;
    return Promise.resolve(answer(question));
  });
  await Promise.all([ask('a.test', 'A'), ask('A.TEST', 'A'), ask('a.test', 'A')]);
  assert.equal(asked, 1);
});
