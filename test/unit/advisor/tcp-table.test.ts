import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tcpTable } from '../../../src/advisor/tcp-table.ts';
import { learnt, mayRules, type WatchedDesk, watchedDesk } from '../../support/advisor.ts';
import { byMx, factsOf, hostWith, stsOf } from '../../support/destinations.ts';

function answering(watched: WatchedDesk = watchedDesk(), minor = 7) {
  const terms = { version: { major: 3, minor }, dane: 'with', rulesFor: () => mayRules } as const;
  const dialect = tcpTable(watched.desk, () => terms);
  return async (request: string): Promise<string> => {
    const line = await dialect.answer(request);
    assert.match(line, /^[245]00 [!-~]*\n$/);
    assert.ok(line.length <= 4_096);
    return line.slice(0, -1);
  };
}

function withSts(...mx: readonly string[]): WatchedDesk {
  const hosts = [hostWith('mx.example.test', 'absent')];
  const facts = factsOf({ way: byMx('insecure', 'mx.example.test'), hosts, sts: stsOf('enforce', ...mx) });
  return watchedDesk(() => Promise.resolve(learnt(facts)));
}

describe('the protocol of tcp_table', () => {
  it('a policy: its spaces are encoded', async () =>
    assert.equal(
      await answering(withSts('mx.example.test'))('get example.test'),
      '200 secure%20match=mx.example.test%20servername=hostname',
    ));

  it('no policy', async () =>
    assert.equal(await answering()('get example.test'), '500 there%20is%20no%20policy'));

  it('a key is decoded', async () => {
    const watched = watchedDesk();
    await answering(watched)('get ex%61mple%2Etest');
    assert.deepEqual(watched.asked, [{ kind: 'domain', domain: 'example.test', port: 25 }]);
  });

  it('what is no request is 400, which is no answer about a key', async () => {
    for (const request of [
      '',
      'get',
      'get ',
      'get a b',
      'get %',
      'get %4',
      'get %zz',
      'list',
      'got example.test',
    ])
      assert.match(await answering()(request), /^400 /);
  });

  it('nothing can be put there', async () =>
    assert.equal(await answering()('put example.test x'), '500 nothing%20can%20be%20put%20here'));

  it('what cannot be learnt', async () => {
    const way = { kind: 'unknown', because: 'a timeout' } as const;
    const watched = watchedDesk(() => Promise.resolve(learnt(factsOf({ way, hosts: [] }), 0)));
    assert.equal(await answering(watched)('get example.test'), '400 a%20timeout');
  });

  it('"no longer than 4096 characters": a policy with many names is told by the hosts that may be used', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `mx${index}.example.test`);
    assert.equal(
      await answering(withSts('mx.example.test', ...many), 10)('get example.test'),
      '200 secure%20match=mx.example.test%20servername=hostname',
    );
  });

  it('just as many names as fit are told', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `mx${String(index).padStart(3, '0')}.a.test`);
    const answer = await answering(withSts('mx.example.test', ...names))('get example.test');
    assert.ok(answer.length > 2_600);
    assert.ok(answer.endsWith(`${names.at(-1)}%20servername=hostname`));
  });
});
