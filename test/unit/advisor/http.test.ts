import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { adviceApp } from '../../../src/advisor/http.ts';
import { policySchema } from '../../../src/advisor/policy-json.ts';
import { attributesFor } from '../../../src/policies/answers/postfix-text.ts';
import { learnt, mayRules, type WatchedDesk, watchedDesk } from '../../support/advisor.ts';
import { factsOf, hostWith } from '../../support/destinations.ts';

function asking(watched: WatchedDesk = watchedDesk()) {
  const attributes = attributesFor({ major: 3, minor: 7 });
  const app = adviceApp({
    desk: watched.desk,
    terms: () => ({ dane: 'with', attributes, rulesFor: () => mayRules }),
    version: '1.2.3',
    onError: (what) => void watched.errors.push(what),
  });
  return (path: string, host = 'localhost'): Promise<Response> =>
    Promise.resolve(app.request(path, { headers: { host } }));
}

describe('the advisor by HTTP', () => {
  it('the decision about a domain', async () => {
    const facts = factsOf({ hosts: [hostWith('mx1.example.test', 'usable')] });
    const watched = watchedDesk(() => Promise.resolve(learnt(facts)));
    const ask = asking(watched);
    const response = await ask('/v1/policy/Example.TEST');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    const document = policySchema.parse(await response.json());
    assert.equal(document.domain, 'example.test');
    assert.deepEqual(document.postfix.text, 'dane-only');
    await ask('/v1/policy/example.test');
    assert.deepEqual(watched.answers, ['policy', 'policy kept']);
  });

  it('what cannot be learnt is a decision, too: mail waits', async () => {
    const watched = watchedDesk(() => Promise.reject(new Error('the store is gone')));
    const response = await asking(watched)('/v1/policy/example.test');
    const document = policySchema.parse(await response.json());
    assert.equal(document.decision, 'defer');
    assert.equal(document.because, 'the store is gone');
    assert.deepEqual(watched.answers, ['later']);
  });

  it('what is no domain is refused', async () => {
    const response = await asking()('/v1/policy/a..b');
    assert.equal(response.status, 400);
  });

  it('a page of a site that has made its own name mean this host is refused', async () => {
    for (const host of ['attacker.test', 'attacker.test:8080', 'localhost.attacker.test', ''])
      assert.equal((await asking()('/v1/policy/example.test', host)).status, 403, host);
    for (const host of ['localhost', 'localhost:80', '127.0.0.1:8080', '[::1]:8080', '127.0.0.1'])
      assert.equal((await asking()('/v1/policy/example.test', host)).status, 200, host);
  });

  it('nobody keeps an answer, and no page may read it', async () => {
    const { headers } = await asking()('/v1/policy/example.test');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('access-control-allow-origin'), null);
  });

  it('there is an OpenAPI document, and nothing else', async () => {
    const document = z
      .object({ openapi: z.string(), info: z.object({ version: z.string() }), paths: z.record(z.string(), z.unknown()) })
      .parse(await (await asking()('/openapi.json')).json());
    assert.equal(document.openapi, '3.1.0');
    assert.equal(document.info.version, '1.2.3');
    assert.deepEqual(Object.keys(document.paths), ['/v1/policy/{domain}', '/openapi.json']);
    assert.equal((await asking()('/v1/other')).status, 404);
  });
});
