import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SocketmapTerms, socketmap } from '../../../src/advisor/socketmap.ts';
import { learnt, mayRules, type WatchedDesk, watchedDesk } from '../../support/advisor.ts';
import { byMx, factsOf, hostWith, stsOf } from '../../support/destinations.ts';

const sts = factsOf({
  way: byMx('insecure', 'mx.example.test'),
  hosts: [hostWith('mx.example.test', 'absent')],
  sts: stsOf('enforce', 'mx.example.test'),
});

function answering(change: Partial<SocketmapTerms> = {}, watched: WatchedDesk = watchedDesk()) {
  const terms = {
    version: { major: 3, minor: 7 },
    dane: 'with',
    rulesFor: () => mayRules,
    ...change,
  } as const;
  const dialect = socketmap(watched.desk, () => terms);
  return async (request: string): Promise<string> => {
    const octets = await dialect.answer(request);
    const [, length = '', text = ''] = /^([0-9]+):(.*),$/s.exec(octets) ?? [];
    assert.equal(Number(length), text.length, octets);
    return text;
  };
}

const policy = 'OK secure match=mx.example.test servername=hostname';
const withReport = `${policy} policy_type=sts policy_domain=example.test mx_host_pattern=mx.example.test`;

describe('the socketmap protocol', () => {
  it('any name is a table', async () => {
    const ask = answering(
      {},
      watchedDesk(() => Promise.resolve(learnt(sts))),
    );
    for (const name of ['postfix', 'sts', 'QUERY', 'query', 'x-1'])
      assert.equal(await ask(`${name} example.test`), policy);
  });

  it('what nobody has a policy for is NOTFOUND, with the space that the protocol has behind it', async () => {
    assert.equal(await answering()('postfix example.test'), 'NOTFOUND ');
  });

  it('a key that nothing can be published about is NOTFOUND, and nothing is looked up', async () => {
    const watched = watchedDesk();
    const ask = answering({}, watched);
    for (const key of [
      '.example.test',
      '.test',
      '[192.0.2.1]',
      '[IPv6:2001:db8::1]:25',
      '',
      ' ',
      'a b',
      '\x00',
      '/run/x',
    ])
      assert.equal(await ask(`postfix ${key}`), 'NOTFOUND ');
    assert.deepEqual(watched.asked, []);
  });

  it('a key is a domain, or a host that somebody named', async () => {
    const watched = watchedDesk();
    const ask = answering({}, watched);
    for (const key of [
      'Example.TEST.',
      'b\xc3\xbccher.test',
      '[mail.test]',
      '[mail.test]:587',
      'mail.test:smtp',
      'mail.test:587',
    ])
      await ask(`postfix ${key}`);
    assert.deepEqual(
      watched.asked.map((target) =>
        target.kind === 'domain' ? `${target.domain}:${target.port}` : `[${target.host}]:${target.port}`,
      ),
      [
        'example.test:25',
        'xn--bcher-kva.test:25',
        '[mail.test]:25',
        '[mail.test]:587',
        'mail.test:25',
        'mail.test:587',
      ],
    );
  });

  it('a service of which nobody knows the port: what is published is not known, and that is not that nothing is', async () => {
    const watched = watchedDesk();
    for (const key of ['example.test:ours', '[mail.test]:ours'])
      assert.equal(
        await answering({}, watched)(`postfix ${key}`),
        'TEMP the port of the service ours is not known here: write its number',
      );
    assert.deepEqual(watched.asked, []);
  });

  it('attributes for reports are for those who say that they know them', async () => {
    const watched = watchedDesk(() => Promise.resolve(learnt(sts)));
    const old = answering({ version: { major: 3, minor: 3 } }, watched);
    assert.equal(await old('postfix example.test'), 'OK secure match=mx.example.test');
    const newer = answering(
      { version: { major: 3, minor: 10 } },
      watchedDesk(() => Promise.resolve(learnt(sts))),
    );
    assert.ok((await newer('postfix example.test')).startsWith(withReport));
    assert.equal(await newer('QUERY example.test'), policy);
    assert.ok((await old('QUERYwithTLSRPT example.test')).startsWith(withReport));
  });

  it('commands of postfix-tlspol are refused, with what does the same', async () => {
    const watched = watchedDesk();
    const ask = answering({}, watched);
    for (const name of ['JSON', 'json', 'DUMP', 'EXPORT', 'PURGE'])
      assert.match(await ask(`${name} example.test`), /^PERM .*(?:waxwing policy|GET \/v1)/);
    assert.deepEqual(watched.asked, []);
    assert.deepEqual(new Set(watched.answers), new Set(['refused']));
  });

  it('a request that has no key is refused', async () => {
    for (const request of ['', 'postfix', ' example.test', ' '])
      assert.equal(await answering()(request), 'PERM a request is the name of a table, a space and a key');
  });

  it('what cannot be learnt is TEMP, and its words are printable', async () => {
    const way = { kind: 'unknown', because: 'the resolver says "ü\n"' } as const;
    const watched = watchedDesk(() => Promise.resolve(learnt(factsOf({ way, hosts: [] }), 0)));
    assert.equal(await answering({}, watched)('postfix example.test'), 'TEMP the resolver says "??"');
    assert.deepEqual(watched.answers, ['later']);
  });

  it('an answer is kept under the whole request', async () => {
    const watched = watchedDesk();
    const ask = answering({}, watched);
    for (let time = 0; time < 3; time += 1) await ask('postfix example.test');
    await ask('other example.test');
    assert.equal(watched.asked.length, 2);
    assert.deepEqual(watched.answers, ['absent', 'absent kept', 'absent kept', 'absent']);
  });
});
