import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { adviceApp } from '../../../src/advisor/http.ts';
import { judgementSchema } from '../../../src/advisor/judgement.ts';
import type { Outcome } from '../../../src/advisor/outcomes.ts';
import { policySchema } from '../../../src/advisor/policy-json.ts';
import type { Learnt } from '../../../src/lookup/engine.ts';
import { attributesFor } from '../../../src/policies/answers/postfix-text.ts';
import { learnt, mayRules, type WatchedDesk, watchedDesk } from '../../support/advisor.ts';
import { factsOf, hostWith } from '../../support/destinations.ts';

const NOON = Date.UTC(2026, 10, 29, 12);

function appOf(watched: WatchedDesk, remember?: (outcome: Outcome) => boolean, wallClock = () => NOON) {
  const attributes = attributesFor({ major: 3, minor: 7 });
  return adviceApp({
    desk: watched.desk,
    terms: () => ({
      dane: 'with',
      attributes,
      outcomes: remember !== undefined,
      rulesFor: () => mayRules,
    }),
    remember: remember ?? (() => assert.fail('nobody is to remember it')),
    wallClock,
    version: '1.2.3',
    onError: (what) => void watched.errors.push(what),
  });
}

function asking(watched: WatchedDesk = watchedDesk()) {
  const app = appOf(watched);
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

  it('so is one that only sees how long the answer takes, which tells whether it was asked before', async () => {
    const app = appOf(watchedDesk());
    const statusFor = async (site: string): Promise<number> => {
      const headers = { host: '127.0.0.1', 'sec-fetch-site': site };
      return (await app.request('/v1/policy/example.test', { headers })).status;
    };
    for (const site of ['cross-site', 'same-site', '']) assert.equal(await statusFor(site), 403, site);
    for (const site of ['none', 'same-origin']) assert.equal(await statusFor(site), 200, site);
  });

  it('nobody keeps an answer, and no page may read it', async () => {
    const { headers } = await asking()('/v1/policy/example.test');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('access-control-allow-origin'), null);
  });

  it('there is an OpenAPI document, and nothing else', async () => {
    const document = z
      .object({
        openapi: z.string(),
        info: z.object({ version: z.string() }),
        paths: z.record(z.string(), z.unknown()),
      })
      .parse(await (await asking()('/openapi.json')).json());
    assert.equal(document.openapi, '3.1.0');
    assert.equal(document.info.version, '1.2.3');
    assert.deepEqual(Object.keys(document.paths), ['/v1/policy/{domain}', '/v1/handshakes', '/openapi.json']);
    assert.equal((await asking()('/v1/other')).status, 404);
  });
});

describe('handshakes of others', () => {
  const handshake = { domain: 'example.test', host: 'mx1.example.test', chain: [], path: null };

  function showing(watched: WatchedDesk = watchedDesk(), wallClock = () => NOON) {
    const app = appOf(watched, undefined, wallClock);
    return (body: string, type = 'application/json'): Promise<Response> =>
      Promise.resolve(
        app.request('/v1/handshakes', {
          method: 'POST',
          headers: { host: 'localhost', 'content-type': type, 'content-length': String(body.length) },
          body,
        }),
      );
  }

  it('are judged anew after a minute: a certificate may have ended, which the facts do not know', async () => {
    const watched = watchedDesk();
    let now = NOON;
    const show = showing(watched, () => now);
    for (const ms of [0, 59_999, 1]) {
      now += ms;
      await show(JSON.stringify(handshake));
    }
    assert.deepEqual(watched.answers, ['policy', 'policy kept', 'policy']);
  });

  it('are judged, and a judgement is kept as the facts are', async () => {
    const watched = watchedDesk();
    const show = showing(watched);
    for (const _ of [1, 2]) {
      const response = await show(JSON.stringify(handshake));
      assert.equal(response.status, 200);
      assert.equal(judgementSchema.parse(await response.json()).meets, true);
    }
    assert.deepEqual(watched.answers, ['policy', 'policy kept']);
  });

  it('of which nothing is known meet nothing', async () => {
    const watched = watchedDesk(() => Promise.reject(new Error('the store is gone')));
    const judgement = judgementSchema.parse(await (await showing(watched)(JSON.stringify(handshake))).json());
    assert.equal(judgement.meets, false);
    assert.equal(judgement.because, 'the store is gone');
  });

  it('are let in 32 MiB at once, as they are kept while something is looked up', async () => {
    const { promise: known, resolve } = Promise.withResolvers<Learnt>();
    const show = showing(watchedDesk(() => known));
    const large = JSON.stringify({
      ...handshake,
      chain: Array.from({ length: 7 }, () => 'A'.repeat(65_536)),
    });
    const answers = Array.from({ length: 100 }, () => show(large));
    // One that is let in waits, the others do not.
    const refused = await Promise.all(answers.slice(80));
    assert.deepEqual([...new Set(refused.map(({ status }) => status))], [503]);
    resolve(learnt(factsOf()));
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    assert.ok(statuses.filter((status) => status === 200).length >= 64, statuses.join());
    assert.equal((await show(large)).status, 200);
  });

  it('that are none are refused', async () => {
    for (const body of ['', 'x', '[]', JSON.stringify({ ...handshake, host: 'a..b' })])
      assert.equal((await showing()(body)).status, 400, body);
    assert.equal((await showing()(JSON.stringify(handshake), 'text/plain')).status, 415);
  });
});

describe('what others have reached', () => {
  const outcome = {
    domain: 'Example.TEST',
    host: 'mx.example.test',
    reached: 'authenticate',
    proof: 'tlsa',
    spki: null,
  };

  const postTo =
    (app: ReturnType<typeof appOf>) =>
    (body: string, type = 'application/json'): Promise<Response> =>
      Promise.resolve(
        app.request('/v1/outcomes', {
          method: 'POST',
          headers: { host: 'localhost', 'content-type': type, 'content-length': String(body.length) },
          body,
        }),
      );

  function telling(isRemembered = true) {
    const told: Outcome[] = [];
    const app = appOf(watchedDesk(), isRemembered ? (one) => told.push(one) > 0 : undefined);
    return { told, post: postTo(app) };
  }

  it('is remembered', async () => {
    const { told, post } = telling();
    const response = await post(JSON.stringify({ outcomes: [outcome] }));
    assert.equal(response.status, 202);
    assert.deepEqual(await response.json(), { taken: 1 });
    assert.deepEqual(told, [{ ...outcome, domain: 'example.test', at: NOON, sessions: 1 }]);
  });

  it('and not where that is switched off, which is said', async () => {
    const post = postTo(appOf(watchedDesk(), () => false));
    const response = await post(JSON.stringify({ outcomes: [outcome] }));
    assert.deepEqual([response.status, await response.json()], [202, { taken: 0 }]);
  });

  it('all of it or nothing', async () => {
    const wrong = [
      { ...outcome, domain: 'a..b' },
      { ...outcome, reached: 'secure' },
      { ...outcome, proof: null },
      { ...outcome, reached: 'encrypt' },
      { ...outcome, spki: 'ab' },
      { ...outcome, more: 1 },
    ];
    for (const one of wrong) {
      const { told, post } = telling();
      const response = await post(JSON.stringify({ outcomes: [outcome, one] }));
      assert.equal(response.status, 400, JSON.stringify(one));
      assert.deepEqual(told, []);
    }
    for (const body of ['', '[]', '{}', '{"outcomes":[]}', 'x'])
      assert.equal((await telling().post(body)).status, 400, body);
  });

  it('a page of another site cannot tell it: it could not send this type without asking', async () => {
    const { told, post } = telling();
    const body = JSON.stringify({ outcomes: [outcome] });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
      assert.equal((await post(body, type)).status, 415);
    assert.deepEqual(told, []);
  });

  it('is bounded', async () => {
    const { told, post } = telling();
    const many = JSON.stringify({ outcomes: Array.from({ length: 1_001 }, () => outcome) });
    assert.equal((await post(many)).status, 400);
    assert.equal((await post(' '.repeat(600_000))).status, 413);
    assert.deepEqual(told, []);
  });

  it('is taken only where the listener is set to', async () => {
    const { told, post } = telling(false);
    const response = await post(JSON.stringify({ outcomes: [outcome] }));
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), {
      error: 'no outcomes are taken here: the listener has outcomes = false',
    });
    assert.deepEqual(told, []);
  });
});
