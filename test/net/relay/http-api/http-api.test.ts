/** The HTTP API before a running relay. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { type Scope, scopes } from '../../../../src/relay/http-api/api-key.ts';
import { listedSchema, trailSchema } from '../../../../src/relay/http-api/schemas.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { startHostileServer } from '../../../support/hostile-server.ts';
import {
  type Answer,
  madeKey,
  rawHttp,
  startTestApi,
  type TestApi,
  type TestApiOptions,
} from '../../../support/http-api.ts';
import { domain, eventually } from '../../../support/relay.ts';

const backendCertificate = async () => (await createAuthority()).issue({ names: ['imap.test'] });

const MESSAGE = 'From: a@origin.test\r\nSubject: x\r\nDate: d\r\nMessage-ID: <m@x>\r\n\r\nHello\r\n';
const PATH = '/v1/messages?from=a@origin.test&to=b@far.test';
const mime = { 'content-type': 'message/rfc822' };
const note = { from: 'Anna <a@origin.test>', to: 'b@far.test', subject: 'Grüße', text: 'Hello' };
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function idOf({ status, body }: Answer): string {
  assert.equal(status, 202, JSON.stringify(body));
  assert.ok(typeof body['id'] === 'string');
  return body['id'];
}

const send = (
  api: TestApi,
  query = 'from=a@origin.test&to=b@far.test',
  body: string | Uint8Array = MESSAGE,
) => api.ask('POST', `/v1/messages?${query}`, { headers: mime, body });

describe('a message as it is', () => {
  it('is kept unchanged behind our Received field, and answered once it is safe', async (t) => {
    const api = await startTestApi(t);
    const answer = await send(api, 'from=a@origin.test&to=b@far.test&to=c%40far.test&to=b@far.test');
    const id = idOf(answer);
    assert.deepEqual(answer.body['recipients'], ['b@far.test', 'c@far.test']);
    assert.equal(answer.headers.get('location'), `/v1/messages/${id}`);
    const stored = await api.stored(id);
    assert.match(
      stored,
      /^Received: from \[127\.0\.0\.1\] \(\[127\.0\.0\.1\]\) by relay\.test with HTTP id\r\n /,
    );
    assert.ok(stored.endsWith(`\r\n${MESSAGE}`), stored);
  });

  it('RFC 6409 §8: gets the Date and Message-ID that it lacks', async (t) => {
    const api = await startTestApi(t);
    const stored = await api.stored(idOf(await send(api, undefined, 'Subject: x\n\nHello\n')));
    assert.match(stored, /\r\nDate: .*\r\nMessage-ID: <.*\r\nSubject: x\r\n\r\nHello\r\n$/s);
  });

  it('has copies whose senders name their recipients, where it asks so', async (t) => {
    const api = await startTestApi(t);
    const json = { from: 'a@origin.test', to: 'b@far.test', text: 'news', verp: true };
    for (const answer of [
      await send(api, 'from=a@origin.test&to=b@far.test&verp=yes'),
      await api.ask('POST', '/v1/messages', { body: json }),
    ])
      assert.equal((await api.relay.store.show(idOf(answer)))?.terms.verp, '+=');
    assert.equal((await send(api, 'from=a@origin.test&to=b@far.test&verp=no')).status, 400);
  });

  it('has its terms, its account and its trace in queue and events', async (t) => {
    const api = await startTestApi(t);
    const answer = await api.ask(
      'POST',
      '/v1/messages?from=&to=b@far.test&tls=authenticate&tell=outcome&notify=never',
      {
        headers: { ...mime, traceparent: TRACE },
        body: MESSAGE,
      },
    );
    const trail = await api.relay.store.show(idOf(answer));
    assert.deepEqual(trail?.terms, {
      tls: 'authenticate',
      tellOutcome: true,
      account: 'shop',
      trace: TRACE,
      verp: null,
    });
    const [received] = api.relay.events;
    assert.equal(received?.trace, TRACE);
    assert.equal(received.from, '');
    assert.equal(received.tls?.because, 'taken in clear from 127.0.0.1, logged in as shop');
  });

  const wrong: [why: string, query: string, field: string | null][] = [
    ['no sender', 'to=b@far.test', 'from'],
    ['no recipient', 'from=a@origin.test', 'to'],
    ['a recipient that is none', 'from=a@origin.test&to=b', 'to'],
    ['a name that means nothing', 'from=a@origin.test&to=b@far.test&cc=c@far.test', 'cc'],
    ['two senders', 'from=a@origin.test&from=b@origin.test&to=b@far.test', 'from'],
    ['half an octet', 'from=a@origin.test&to=%e2%82', null],
    ['line ends in an address', 'from=a@origin.test&to=b@far.test%0d%0aRCPT', 'to'],
    ['a level that is none', 'from=a@origin.test&to=b@far.test&tls=no', 'tls'],
    ['a level that the header has to say', 'from=a@origin.test&to=b@far.test&tls=optional', 'tls'],
    ['a condition that is none', 'from=a@origin.test&to=b@far.test&notify=always', 'notify'],
  ];
  it('is refused where its query is wrong', async (t) => {
    const api = await startTestApi(t);
    for (const [why, query, field] of wrong) {
      const { status, body } = await send(api, query);
      assert.deepEqual([status, body['field']], [400, field], `${why}: ${String(body['error'])}`);
    }
    assert.deepEqual(api.relay.events, []);
  });

  it('is refused with more recipients than there may be, and told how many these are', async (t) => {
    const api = await startTestApi(t, { settings: { maxRecipients: 2 } });
    const to = (count: number): string =>
      Array.from({ length: count }, (_, index) => `&to=u${index}@far.test`).join('');
    idOf(await send(api, `from=a@origin.test${to(2)}`));
    const { status, body } = await send(api, `from=a@origin.test${to(3)}`);
    assert.deepEqual([status, body['field'], body['limit']], [400, 'to', 2]);
  });

  it('says so where the relay refuses it', async (t) => {
    const api = await startTestApi(t);
    const { status, body } = await send(api, undefined, 'Subject: x\r\n\r\nNUL: \0\r\n');
    assert.deepEqual([status, body['error']], [422, '554 5.6.0 the message holds a NUL octet']);
  });

  it('is refused for a mailbox of ours that does not exist, with the reply that SMTP would have given', async (t) => {
    const own = { backend: { port: 9 } };
    const domains = [
      { ...own, name: 'own.test', recipients: ['anna'], aliases: ['sales: anna'] },
      { ...own, name: 'any.test', recipients: 'any' },
    ] as const;
    const api = await startTestApi(t, { relay: { domains } });
    const to = (address: string) => send(api, `from=a@origin.test&to=anna@own.test&to=${address}`);
    for (const address of ['sales@own.test', 'postmaster@own.test', 'gone@any.test', 'gone@far.test'])
      idOf(await to(address));
    const before = api.relay.events.length;
    const { status, body } = await to('gone@own.test');
    assert.deepEqual([status, body['error']], [422, '550 5.1.1 no such mailbox here: gone@own.test']);
    assert.ok(!api.relay.events.slice(before).some(({ event }) => event === 'received'));
  });

  it('is asked about where the backend knows, and its reply is not taken for one about size', async (t) => {
    const backend = await startHostileServer(await backendCertificate(), {
      offers: [],
      answer: (verb, argument) => {
        if (verb !== 'RCPT') return undefined;
        if (argument.includes('gone')) return { say: '550 5.1.1 nobody\r\n' };
        return argument.includes('full') ? { say: '552 5.2.2 mailbox full\r\n' } : undefined;
      },
    });
    t.after(() => backend.close());
    const domains = [{ name: 'own.test', backend: { port: backend.port }, recipients: 'callout' }] as const;
    const api = await startTestApi(t, { relay: { domains } });
    const answer = async (address: string) => {
      const { status, body } = await send(api, `from=a@origin.test&to=${address}`);
      return [status, body['error']];
    };
    assert.deepEqual(await answer('gone@own.test'), [422, '550 5.1.1 no such mailbox here: gone@own.test']);
    assert.deepEqual(await answer('full@own.test'), [422, '552 5.2.2 mailbox full: full@own.test']);
    assert.deepEqual(await answer('anna@own.test'), [202, undefined]);
  });
});

describe('a message as JSON', () => {
  it('is made, and goes the same way', async (t) => {
    const api = await startTestApi(t);
    const answer = await api.ask('POST', '/v1/messages', {
      body: { ...note, bcc: 'c@far.test', tls: 'optional' },
    });
    const stored = await api.stored(idOf(answer));
    assert.deepEqual(answer.body['recipients'], ['b@far.test', 'c@far.test']);
    assert.match(stored, /\r\nFrom: Anna <a@origin\.test>\r\n/);
    assert.match(stored, /\r\nTo: b@far\.test\r\n/);
    assert.match(stored, /\r\nTLS-Required: No\r\n/);
    assert.doesNotMatch(stored, /c@far/);
    assert.equal((await api.relay.store.show(idOf(answer)))?.terms.tls, 'optional');
  });

  it('can have an envelope of its own', async (t) => {
    const api = await startTestApi(t);
    const envelope = { from: 'bounces+7@origin.test', to: ['d@far.test'] };
    const answer = await api.ask('POST', '/v1/messages', { body: { ...note, envelope } });
    assert.deepEqual(answer.body['recipients'], ['d@far.test']);
    assert.equal(api.relay.events[0]?.from, 'bounces+7@origin.test');
  });

  it('is refused by field and limit', async (t) => {
    const api = await startTestApi(t);
    const attachments = [{ content: 'aGk=' }, { content: 'no base64' }];
    const { status, body } = await api.ask('POST', '/v1/messages', { body: { ...note, attachments } });
    assert.deepEqual([status, body['field']], [400, 'attachments[1].content']);
  });
});

describe('the type of a request', () => {
  it('is one of two, exactly, and not inside another coding', async (t) => {
    const api = await startTestApi(t);
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'application/json; charset=latin1' },
      { 'content-type': 'application/json-seq' },
      { 'content-type': 'message/rfc822; x=y' },
      { 'content-type': 'multipart/form-data; boundary=x' },
      { 'content-type': 'message/rfc822', 'content-encoding': 'gzip' },
    ]) {
      const { status } = await api.ask('POST', PATH, { headers, body: MESSAGE });
      assert.equal(status, 415, JSON.stringify(headers));
    }
  });
});

describe('the same request twice', () => {
  const asked = (api: TestApi, text: string, key = 'order-1', name?: string) =>
    api.ask('POST', '/v1/messages', {
      headers: { 'idempotency-key': key },
      body: { ...note, text },
      ...(name === undefined ? {} : { key: name }),
    });

  it('has the same answer, and is one message', async (t) => {
    const api = await startTestApi(t);
    const first = await asked(api, 'one');
    const second = await asked(api, 'one');
    assert.deepEqual(second.body, first.body);
    assert.equal(second.status, 202);
    assert.equal(api.relay.events.filter(({ event }) => event === 'received').length, 1);
  });

  it('is one message also where both come at the same moment', async (t) => {
    const api = await startTestApi(t);
    const answers = await Promise.all(Array.from({ length: 20 }, () => asked(api, 'one')));
    assert.equal(new Set(answers.map(idOf)).size, 1);
    assert.equal(api.relay.events.filter(({ event }) => event === 'received').length, 1);
  });

  it('is refused where the key is of another one', async (t) => {
    const api = await startTestApi(t);
    idOf(await asked(api, 'one'));
    const { status, body } = await asked(api, 'two');
    assert.deepEqual([status, body['field']], [422, 'Idempotency-Key']);
    const both = await Promise.all([asked(api, 'x', 'order-2'), asked(api, 'y', 'order-2')]);
    assert.deepEqual(
      both.map(({ status: one }) => one).toSorted((a, b) => a - b),
      [202, 422],
    );
  });

  it('are two where two clients happen to say the same key', async (t) => {
    const keys = [madeKey('shop'), madeKey('blog')];
    const api = await startTestApi(t, { keys });
    assert.notEqual(idOf(await asked(api, 'one')), idOf(await asked(api, 'one', 'order-1', keys[1]?.key)));
  });

  it('is carried out where the first was refused', async (t) => {
    const api = await startTestApi(t);
    const headers = { ...mime, 'idempotency-key': 'k' };
    assert.equal((await api.ask('POST', PATH, { headers, body: 'a\0b' })).status, 422);
    idOf(await api.ask('POST', PATH, { headers, body: MESSAGE }));
  });
});

describe('keys', () => {
  it('are asked for, and wrong ones end in 429 with Retry-After, not for those who have a right one', async (t) => {
    const api = await startTestApi(t, { settings: { loginFailures: 3 } });
    const none = await api.ask('GET', '/v1/messages', { key: null });
    assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer realm="waxwing"']);
    const wrong = madeKey('other').key;
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++)
      statuses.push((await api.ask('GET', '/v1/messages', { key: wrong })).status);
    assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
    const last = await api.ask('GET', '/v1/messages', { key: wrong });
    assert.equal(last.headers.get('retry-after'), '600');
    assert.equal((await api.ask('GET', '/v1/messages')).status, 200);
    assert.equal(api.told.length, 1);
    assert.ok(!api.told.join('').includes(wrong), 'a key never stands in the log');
  });

  it('have a rate', async (t) => {
    const api = await startTestApi(t, { keys: [madeKey('slow', ['read'], { requestsPerMinute: 2 })] });
    const answers = [];
    for (let count = 0; count < 3; count++) answers.push(await api.ask('GET', '/v1/messages'));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 429],
    );
    assert.equal(answers[2]?.headers.get('retry-after'), '30');
  });

  const scoped: [scope: Scope, path: string, method: string][] = [
    ['read', '/v1/messages', 'POST'],
    ['policy', '/v1/messages', 'GET'],
    ['queue', '/v1/messages/x', 'GET'],
    ['queue', '/v1/events', 'GET'],
    ['send', '/v1/messages/x/cancel', 'POST'],
    ['read', '/v1/messages/x/hold', 'POST'],
    ['read', '/v1/policies/far.test', 'GET'],
    ['send', '/v1/suppressions', 'GET'],
    ['read', '/v1/suppressions/a@far.test', 'DELETE'],
  ];
  it('get what their scopes say, and nothing else', async (t) => {
    const keys = scopes.map((scope) => madeKey(scope, [scope]));
    const api = await startTestApi(t, { keys });
    for (const [scope, path, method] of scoped) {
      const { status } = await api.ask(method, path, { key: keys[scopes.indexOf(scope)]?.key ?? '' });
      assert.equal(status, 403, `${scope}: ${method} ${path}`);
    }
  });

  it('with senders send as these only, by envelope and by header', async (t) => {
    const senders = [{ kind: 'domain', domain: domain('origin.test') }] as const;
    const api = await startTestApi(t, { keys: [madeKey('one', ['send'], { senders })] });
    idOf(await send(api));
    assert.equal((await send(api, 'from=a@bank.test&to=b@far.test')).status, 403);
    assert.equal((await send(api, 'from=&to=b@far.test')).status, 403);
    const spoofed = MESSAGE.replace('a@origin.test', 'a@bank.test');
    assert.equal((await send(api, undefined, spoofed)).status, 403);
    const json = { ...note, from: 'a@bank.test', envelope: { from: 'a@origin.test' } };
    assert.equal((await api.ask('POST', '/v1/messages', { body: json })).status, 403);
  });
});

describe('what is there to read', () => {
  it('is listed in pages, by state and domain, and fits the schema', async (t) => {
    const api = await startTestApi(t);
    const ids: string[] = [];
    for (const to of ['b@far.test', 'c@near.test', 'd@far.test'])
      ids.push(idOf(await send(api, `from=a@o.test&to=${to}`)));
    await api.ask('POST', `/v1/messages/${ids[1]}/hold`);
    const list = async (query: string): Promise<[unknown[], unknown]> => {
      const { status, body } = await api.ask('GET', `/v1/messages${query}`);
      assert.equal(status, 200, JSON.stringify(body));
      const messages = listedSchema.array().parse(body['messages']);
      return [messages.map(({ id }) => ids.indexOf(id)), body['next']];
    };
    assert.deepEqual(await list(''), [[0, 1, 2], null]);
    assert.deepEqual(await list('?domain=FAR.test'), [[0, 2], null]);
    assert.deepEqual(await list('?state=held'), [[1], null]);
    assert.deepEqual(await list('?state=delivered'), [[], null]);
    assert.deepEqual(await list('?limit=2'), [[0, 1], ids[1]]);
    assert.deepEqual(await list(`?limit=2&after=${ids[1]}`), [[2], null]);
    assert.deepEqual(await list('?since=2001-01-01T00:00:00Z'), [[0, 1, 2], null]);
    assert.deepEqual(await list('?since=2050-01-01T00:00:00Z'), [[], null]);
    assert.equal((await api.ask('GET', '/v1/messages?state=lost')).status, 400);
    assert.equal((await api.ask('GET', '/v1/messages?limit=0')).status, 400);
  });

  it('is shown with all that happened, and fits the schema', async (t) => {
    const api = await startTestApi(t);
    const id = idOf(await send(api));
    const { body } = await api.ask('GET', `/v1/messages/${id}`);
    const trail = trailSchema.parse(body);
    assert.equal(trail.account, 'shop');
    assert.equal(trail.events[0]?.event, 'received');
    assert.equal((await api.ask('GET', '/v1/messages/nothing')).status, 404);
  });

  it('is a sender’s own only, and of other mail not even that it is there', async (t) => {
    const keys = [madeKey('shop', ['send']), madeKey('blog', ['send'])];
    const api = await startTestApi(t, { keys });
    const id = idOf(await send(api));
    const other = keys[1]?.key ?? '';
    assert.equal((await api.ask('GET', `/v1/messages/${id}`)).status, 200);
    assert.equal((await api.ask('GET', `/v1/messages/${id}`, { key: other })).status, 404);
    assert.deepEqual((await api.ask('GET', '/v1/messages', { key: other })).body['messages'], []);
    assert.deepEqual((await api.ask('GET', '/v1/events', { key: other })).body['events'], []);
    assert.equal(Object(await api.ask('GET', '/v1/events')).body['events'].length > 0, true);
  });

  it('are events, in pages, by name and domain', async (t) => {
    const api = await startTestApi(t);
    const first = idOf(await send(api));
    const second = idOf(await send(api, 'from=a@o.test&to=c@near.test'));
    const events = async (query: string): Promise<unknown> => {
      const { body } = await api.ask('GET', `/v1/events?event=received${query}`);
      const list = body['events'];
      assert.ok(Array.isArray(list));
      return [list.map((event: { id: string }) => event.id), body['next']];
    };
    assert.deepEqual(await events(''), [[first, second], null]);
    assert.deepEqual(await events('&domain=near.test'), [[second], null]);
    assert.deepEqual(await events('&limit=1'), [[first], first]);
    assert.deepEqual(await events(`&after=${first}`), [[second], null]);
    assert.equal((await api.ask('GET', '/v1/events?event=opened')).status, 400);
  });

  it('is changed by word of an operator', async (t) => {
    const api = await startTestApi(t);
    const id = idOf(await send(api));
    const say = async (word: string): Promise<Answer> => api.ask('POST', `/v1/messages/${id}/${word}`);
    assert.deepEqual((await say('hold')).body['changed'], ['b@far.test']);
    assert.deepEqual(await api.relay.states(id), { 'b@far.test': 'held/operator' });
    assert.deepEqual((await say('release')).body['changed'], ['b@far.test']);
    assert.equal((await say('cancel')).status, 200);
    assert.equal((await api.ask('POST', '/v1/messages/nothing/cancel')).status, 404);
    assert.equal((await say('delete')).status, 404);
  });
});

describe('suppressions', () => {
  it('are listed in pages, and lifted', async (t) => {
    const api = await startTestApi(t);
    const bounces = ['b@far.test', 'a@far.test'].map((address) => ({
      address,
      at: 1_000,
      status: '5.1.1',
      diagnostic: '550 no',
    }));
    api.suppressions.add(bounces, { after: 1, withinMs: 1 });
    const first = await api.ask('GET', '/v1/suppressions?limit=1');
    assert.deepEqual(first.body, {
      suppressions: [
        {
          address: 'a@far.test',
          since: '1970-01-01T00:00:01.000Z',
          status: '5.1.1',
          diagnostic: '550 no',
          bounces: ['1970-01-01T00:00:01.000Z'],
        },
      ],
      next: 'a@far.test',
    });
    const second = await api.ask('GET', '/v1/suppressions?after=a%40far.test');
    assert.deepEqual([second.status, second.body['next']], [200, null]);
    const lift = (address: string) => api.ask('DELETE', `/v1/suppressions/${address}`);
    assert.deepEqual((await lift('B@far.test')).body, { address: 'b@far.test' });
    assert.equal((await lift('b@far.test')).status, 404);
    assert.equal((await lift('nobody')).status, 400);
    assert.equal((await api.ask('GET', '/v1/suppressions?limit=0')).status, 400);
    assert.equal(api.suppressions.count(), 1);
  });
});

describe('policies', () => {
  it('are explained, for four askers at once; the fifth is told to come again', async (t) => {
    const explanation = { schema: 'waxwing.explain/1' } as Awaited<
      ReturnType<NonNullable<TestApiOptions['explain']>>
    >;
    const { promise, resolve } = Promise.withResolvers<typeof explanation>();
    const api = await startTestApi(t, { explain: () => promise });
    const ask = () => api.ask('GET', '/v1/policies/far.test');
    const first = Array.from({ length: 5 }, ask);
    const busy = await Promise.race(first);
    assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '10']);
    resolve(explanation);
    assert.equal((await Promise.all(first)).filter(({ status }) => status === 200).length, 4);
    assert.deepEqual((await ask()).body, explanation);
    assert.equal((await api.ask('GET', '/v1/policies/far..test')).status, 400);
  });
});

describe('strangers', () => {
  it('learn that it lives, and how it is used, and nothing else', async (t) => {
    const api = await startTestApi(t);
    const health = await api.ask('GET', '/healthz', { key: null });
    assert.deepEqual([health.status, health.body], [200, { status: 'ok' }]);
    assert.equal((await api.ask('GET', '/openapi.json', { key: null })).body['openapi'], '3.1.0');
    assert.equal((await api.ask('GET', '/v1/nothing', { key: null })).status, 401);
    assert.equal((await api.ask('GET', '/', { key: null })).status, 404);
  });

  it('in pages of other sites are told nothing: there is no CORS', async (t) => {
    const api = await startTestApi(t);
    for (const method of ['OPTIONS', 'GET']) {
      const { headers } = await api.ask(method, '/v1/messages', { headers: { origin: 'https://evil.test' } });
      assert.deepEqual(
        [...headers.keys()].filter((name) => name.startsWith('access-control')),
        [],
      );
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cache-control'), 'no-store');
    }
  });

  it('who send more than there may be are stopped while they send', async (t) => {
    const keys = [madeKey('shop')];
    const api = await startTestApi(t, { keys, settings: { maxMessageBytes: 100_000 } });
    const announced = await send(api, undefined, 'x'.repeat(100_001));
    assert.deepEqual([announced.status, announced.body['limit']], [413, 100_000]);
    // Without a length nobody knows before it is too much.
    const endless = new ReadableStream<Uint8Array>({
      pull: (stream) => stream.enqueue(new Uint8Array(9_999)),
    });
    const response = await fetch(`${api.url}${PATH}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[0]?.key}`, ...mime },
      body: endless,
      duplex: 'half',
    });
    assert.equal(response.status, 413);
    assert.equal(api.relay.events.length, 0);
  });
});

describe('somebody without a key', () => {
  it('who sends on after the answer is cut off, whatever he has announced', async (t) => {
    const api = await startTestApi(t);
    const head =
      'POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `2710\r\n${'x'.repeat(10_000)}\r\n`;
    const sent = await new Promise<number>((resolve) => {
      let octets = 0;
      const socket = connect({ host: '127.0.0.1', port: api.port });
      const push = (): void => {
        while (!socket.destroyed && octets < 50_000_000 && socket.write(chunk)) octets += chunk.length;
        if (octets >= 50_000_000) socket.destroy();
      };
      socket.on('connect', () => {
        socket.write(head);
        push();
      });
      socket.on('drain', push);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(octets));
    });
    assert.ok(sent < 50_000_000, `${sent} octets were taken`);
  });
});

describe('slow clients', () => {
  const head = (key: string, length: number): string =>
    `POST /v1/messages?from=a@o.test&to=b@f.test HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: message/rfc822\r\nContent-Length: ${length}\r\n\r\n`;

  it('have their body to bring in time: one octet now and then is not enough', async (t) => {
    const keys = [madeKey('shop')];
    const api = await startTestApi(t, { keys, patience: { graceMs: 200, minimumRate: 1_000 } });
    const octets = Array.from({ length: 40 }, () => 'x');
    const began = performance.now();
    const answer = await rawHttp(api.port, head(keys[0]?.key ?? '', 1_000), octets, 50);
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.ok(performance.now() - began < 5_000);
  });

  it('have their header to bring in time', async (t) => {
    const api = await startTestApi(t, { patience: { headersMs: 300 } });
    const answer = await rawHttp(
      api.port,
      'GET /healthz HTTP/1.1\r\n',
      Array.from({ length: 60 }, () => 'X'),
      50,
    );
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });

  it('who go away in the middle leave nothing behind', async (t) => {
    const keys = [madeKey('shop')];
    const api = await startTestApi(t, { keys });
    await new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: api.port }, () => {
        socket.write(head(keys[0]?.key ?? '', 1_000));
        socket.write('Subject: half');
        setTimeout(() => socket.destroy(), 50);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
    assert.equal((await send(api)).status, 202);
    assert.equal(api.relay.events.filter(({ event }) => event === 'received').length, 1);
    assert.deepEqual(api.told, []);
  });
});

describe('many connections', () => {
  it('are closed where there are too many, and let in again once others have gone', async (t) => {
    const api = await startTestApi(t, { patience: { connections: 2 } });
    const idle = [connect(api.port, '127.0.0.1'), connect(api.port, '127.0.0.1')];
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    const asked = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    assert.equal(await rawHttp(api.port, asked), '');
    for (const socket of idle) socket.destroy();
    await eventually('there is room', async () =>
      (await rawHttp(api.port, asked)) === '' ? undefined : true,
    );
  });
});

describe('over a network', () => {
  it('there is TLS, and no answer in clear', async (t) => {
    const keys = [madeKey('shop')];
    const api = await startTestApi(t, { keys, address: '0.0.0.0' });
    assert.equal(api.api.places[0]?.tls, true);
    assert.doesNotMatch(await rawHttp(api.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), /HTTP/);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asked = httpsRequest(
        {
          host: '127.0.0.1',
          port: api.port,
          path: '/v1/messages?from=a@o.test&to=b@far.test',
          method: 'POST',
          rejectUnauthorized: false,
          headers: { authorization: `Bearer ${keys[0]?.key}`, ...mime },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      asked.on('error', reject);
      asked.end(MESSAGE);
    });
    assert.equal(status, 202);
    const [received] = api.relay.events;
    assert.deepEqual([received?.tls?.outcome, received?.tls?.version], ['encrypted', 'TLSv1.3']);
  });
});
