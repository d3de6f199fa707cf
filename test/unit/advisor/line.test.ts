import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { line } from '../../../src/advisor/line.ts';
import { learnt, mayRules, type WatchedDesk, watchedDesk } from '../../support/advisor.ts';
import { factsOf, hostWith } from '../../support/destinations.ts';

function asking(watched: WatchedDesk = watchedDesk()) {
  const dialect = line(watched.desk, () => mayRules);
  assert.equal(dialect.single, true);
  return async (request: string): Promise<string> => {
    const text = await dialect.answer(request);
    assert.match(text, /^[ -~]+\n$/);
    return text.slice(text.lastIndexOf(' ') + 1, -1);
  };
}

describe('the protocol of one line', () => {
  it('a domain, and a host that somebody named', async () => {
    const watched = watchedDesk();
    const ask = asking(watched);
    assert.equal(await ask('get example.test'), 'result=deliver');
    assert.equal(await ask('get [mail.test]:587'), 'result=deliver');
    assert.deepEqual(watched.asked, [
      { kind: 'domain', domain: 'example.test', port: 25 },
      { kind: 'host', host: 'mail.test', port: 587 },
    ]);
    assert.deepEqual(watched.answers, ['policy', 'policy']);
  });

  it('what cannot be learnt, and what is no request, is a reason to wait', async () => {
    const facts = factsOf({ hosts: [hostWith('mx1.example.test', 'unknown')] });
    const watched = watchedDesk(() => Promise.resolve(learnt(facts, 0)));
    assert.equal(await asking(watched)('get example.test'), 'result=defer');
    for (const request of ['', 'get', 'get ', 'get a b', 'GET example.test', 'example.test'])
      assert.equal(await asking()(request), 'result=defer');
    const broken = watchedDesk(() => Promise.reject(new Error('gone')));
    assert.equal(await asking(broken)('get example.test'), 'result=defer');
  });

  it('a service whose port nobody knows is a reason to wait', async () =>
    assert.equal(await asking()('get example.test:ours'), 'result=defer'));

  it('an address has no policy', async () => assert.equal(await asking()('get [192.0.2.1]'), 'result=none'));

  it('an answer is kept', async () => {
    const watched = watchedDesk();
    const ask = asking(watched);
    await ask('get example.test');
    await ask('get example.test');
    assert.equal(watched.asked.length, 1);
    assert.deepEqual(watched.answers, ['policy', 'policy kept']);
  });
});
