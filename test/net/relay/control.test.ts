/** The control socket: what the commands ask of a running relay. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { Server } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { QueuedMessage, QueuedTrail, QueueStep } from '../../../src/relay/control-api.ts';
import { openClients } from '../../../src/store/open-clients.ts';
import { controlSetting } from '../../support/control.ts';
import type { TestRelay } from '../../support/relay.ts';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const deferred = (relay: TestRelay): ReturnType<TestRelay['until']> =>
  relay.until('deferred', ({ event }) => event === 'deferred');

describe('the socket', () => {
  it('belongs to its owner alone from the moment it is there, whatever the umask, which stays', async (t) => {
    const before = process.umask(0);
    t.after(() => process.umask(before));
    const { path, boundAs } = await controlSetting(t);
    assert.equal((boundAs() ?? 0) & 0o777, 0o600);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal(process.umask(), 0);
  });

  it('an error while it serves is told and does not end the process', async (t) => {
    const listen = t.mock.method(Server.prototype, 'listen');
    const { failures, asked } = await controlSetting(t);
    const server: unknown = listen.mock.calls.at(-1)?.this;
    assert.ok(server instanceof Server);
    server.emit('error', new Error('accept EMFILE'));
    assert.deepEqual(failures, ['the control socket fails: Error: accept EMFILE']);
    assert.equal((await asked('GET', '/queue')).status, 200);
  });

  it('takes the place of what a process that is gone left behind', async (t) => {
    const { asked } = await controlSetting(t, { stale: true });
    assert.deepEqual(await asked('GET', '/queue'), { status: 200, body: [] });
  });
});

describe('messages', () => {
  it('are handed in with file line endings and kept with CRLF', async (t) => {
    const { relay, asked } = await controlSetting(t);
    const { status, body } = await asked(
      'POST',
      '/messages?from=a@origin.test&to=b@far.test',
      'Subject: x\n\nx\n',
    );
    assert.equal(status, 200);
    const [received] = relay.events;
    assert.deepEqual(body, { id: received?.id });
    assert.equal(received?.tls, null, 'no wire was involved');
    const kept = await relay.store.body(received?.id ?? '');
    assert.ok(kept?.kind === 'bytes');
    assert.match(Buffer.from(kept.bytes).toString(), /\r\nSubject: x\r\n\r\nx\r\n$/);
  });

  for (const [query, tls, tellOutcome] of [
    ['tls=requiretls', 'requiretls', false],
    ['tls=encrypt&tell=outcome', 'encrypt', true],
    ['', null, false],
  ] as const)
    it(`say what they ask of their way: ${query || 'nothing'}`, async (t) => {
      const { relay, asked } = await controlSetting(t);
      await asked('POST', `/messages?from=a@origin.test&to=b@far.test&${query}`, 'Subject: x\n\nx\n');
      const { terms } = (await relay.store.show(relay.events[0]?.id ?? '')) ?? {};
      assert.deepEqual([terms?.tls, terms?.tellOutcome], [tls, tellOutcome]);
    });

  for (const [why, query, body, status] of [
    ['no recipient', 'from=a@origin.test', 'x\n', 400],
    ['a recipient that is no mailbox', 'from=a@origin.test&to=nobody', 'x\n', 400],
    ['a sender that would break out of MAIL', 'from=a@b.test%3E%0D%0ARCPT&to=b@far.test', 'x\n', 400],
    ['a wish that is none', 'from=a@origin.test&to=b@far.test&tls=may', 'x\n', 400],
    ['something else to be told', 'from=a@origin.test&to=b@far.test&tell=all', 'x\n', 400],
    ['a message above the limit of the relay', 'from=a@origin.test&to=b@far.test', 'x'.repeat(30_000), 413],
    ['a NUL', 'from=a@origin.test&to=b@far.test', 'x\0\n', 422],
  ] as const) {
    it(`${why}: ${status}, and nothing is kept`, async (t) => {
      const { relay, asked } = await controlSetting(t);
      const answer = await asked('POST', `/messages?${query}`, body);
      assert.equal(answer.status, status);
      assert.ok(typeof answer.body === 'object' && answer.body !== null && 'error' in answer.body);
      assert.deepEqual(relay.events, []);
    });
  }
});

describe('a message for mailboxes of our own', () => {
  it('that do not exist is refused with the reply of SMTP, and nothing is kept of it', async (t) => {
    const domains = [{ name: 'own.test', backend: { port: 9 }, recipients: ['anna'] }];
    const { relay, asked } = await controlSetting(t, { domains });
    const path = '/messages?from=a@origin.test&to=anna@own.test';
    assert.deepEqual(await asked('POST', `${path}&to=gone@own.test`, 'x\n'), {
      status: 422,
      body: { error: '550 5.1.1 no such mailbox here: gone@own.test' },
    });
    assert.deepEqual(relay.events, []);
    assert.equal((await asked('POST', `${path}&to=b@far.test`, 'x\n')).status, 200);
  });
});

describe('a message of unknown length', () => {
  it('is refused before it is read: 411', async (t) => {
    const { relay, path } = await controlSetting(t);
    const status = await new Promise((resolve, reject) => {
      const target = '/messages?from=a@origin.test&to=b@far.test';
      const asking = request({ socketPath: path, method: 'POST', path: target }, (response) => {
        resolve(response.statusCode);
        response.resume();
      });
      asking.on('error', reject);
      // Without an end there is no length; the answer comes all the same.
      asking.write('Subject: x\n');
      t.after(() => asking.destroy());
    });
    assert.equal(status, 411);
    assert.deepEqual(relay.events, []);
  });
});

describe('the queue', () => {
  it('is listed, and one message is shown with its events', async (t) => {
    const { relay, asked } = await controlSetting(t);
    const id = await relay.send({ to: ['b@far.test'] });
    await deferred(relay);
    const list = await asked('GET', '/queue?which=open');
    assert.match(JSON.stringify(list.body), new RegExp(`"id":"${id}"`));
    const shown = await asked('GET', `/queue/${id}`);
    assert.equal(shown.status, 200);
    assert.match(JSON.stringify(shown.body), /"event":"received".*"event":"deferred"/);
    assert.equal((await asked('GET', '/queue/unknown')).status, 404);
  });

  it('says every time as RFC 3339', async (t) => {
    const { relay, asked } = await controlSetting(t);
    const begun = new Date().toISOString();
    const id = await relay.send({ to: ['b@far.test'] });
    await deferred(relay);
    const shown = (await asked('GET', `/queue/${id}`)).body as QueuedTrail;
    const [listed] = (await asked('GET', '/queue')).body as readonly QueuedMessage[];
    assert.ok(listed !== undefined);
    for (const { receivedAt, recipients } of [shown, listed]) {
      assert.match(receivedAt, RFC_3339);
      assert.ok(receivedAt >= begun && receivedAt <= new Date().toISOString());
      const [{ delivery } = { delivery: undefined }] = recipients;
      assert.ok(delivery?.kind === 'waiting');
      assert.match(delivery.notBefore, RFC_3339);
    }
    const { events, transcripts, ...message } = shown;
    // The events of a trail say more of why than a list can.
    const withoutWhy = ({ recipients, ...rest }: QueuedMessage): unknown => ({
      ...rest,
      recipients: recipients.map((recipient) => ({ ...recipient, why: null })),
    });
    assert.deepEqual(withoutWhy(message), withoutWhy(listed));
    assert.ok(events.length > 0);
    assert.deepEqual(transcripts, [], 'nobody was reached, so nothing was said');
    for (const { at } of events) assert.match(at, RFC_3339);
  });

  it('retry makes waiting mail due at once, and nothing else does', async (t) => {
    const { relay, asked } = await controlSetting(t);
    const id = await relay.send({ to: ['b@far.test'] });
    await deferred(relay);
    const { body } = await asked('POST', '/queue/retry', JSON.stringify({ id }));
    assert.deepEqual(body, { changed: [{ id, address: 'b@far.test' }], underWay: 0, bound: 0, next: null });
    await relay.until('a second attempt', ({ attempt }) => attempt === 2);
    for (const wrong of [{}, { id, all: true }, { all: false }, { id: 7 }])
      assert.equal((await asked('POST', '/queue/retry', JSON.stringify(wrong))).status, 400);
  });

  it('of an unknown id nothing is changed, and that is said', async (t) => {
    const { relay, asked } = await controlSetting(t);
    for (const what of ['retry', 'hold', 'release', 'cancel'])
      assert.deepEqual(await asked('POST', `/queue/${what}`, JSON.stringify({ id: 'nobody' })), {
        status: 404,
        body: { error: 'no message nobody' },
      });
    const id = await relay.send({ to: ['b@far.test'] });
    await deferred(relay);
    const { body } = await asked('POST', '/queue/release', JSON.stringify({ id }));
    assert.deepEqual(body, { changed: [], underWay: 0, bound: 0, next: null }, 'it is there, and not held');
  });

  it('hold, release and cancel do what they say, once, and raise an event for each recipient', async (t) => {
    const { relay, asked, raised } = await controlSetting(t);
    const id = await relay.send({ to: ['b@far.test', 'c@routed.test'] });
    await relay.until('both deferred', ({ event, to }) => event === 'deferred' && to === 'b@far.test');
    await relay.until('both deferred', ({ event, to }) => event === 'deferred' && to === 'c@routed.test');
    for (const [what, of, reached] of [
      ['hold', { domain: 'far.test' }, ['b@far.test']],
      ['hold', { domain: 'far.test' }, []],
      ['release', { id }, ['b@far.test']],
      ['hold', { all: true }, ['b@far.test', 'c@routed.test']],
      ['cancel', { all: true }, ['b@far.test', 'c@routed.test']],
    ] as const) {
      // The release wakes the delivery, whose attempt nobody may interrupt.
      const wanted = reached.length;
      let changed: readonly { id: string; address: string }[] = [];
      for (let tries = 0; tries < 50 && changed.length < Math.max(wanted, 1); tries++) {
        const { status, body } = await asked('POST', `/queue/${what}`, JSON.stringify(of));
        assert.equal(status, 200);
        changed = [...changed, ...(body as QueueStep).changed];
        if (wanted === 0) break;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.deepEqual(changed.map(({ address }) => address).toSorted(), reached, what);
    }
    const said = raised.map(({ event, to }) => `${event} ${to}`);
    assert.deepEqual(said.slice(0, 2), ['held b@far.test', 'released b@far.test']);
    assert.deepEqual(said.slice(-2).toSorted(), ['cancelled b@far.test', 'cancelled c@routed.test']);
    const { events } = (await asked('GET', `/queue/${id}`)).body as QueuedTrail;
    const kept = events.filter(({ event }) => ['held', 'released', 'cancelled'].includes(event));
    assert.deepEqual(
      kept.map((event) => JSON.stringify(event)).toSorted(),
      raised.map((event) => JSON.stringify(event)).toSorted(),
    );
  });

  it('a release under a level takes some mail, a reason and a time that is not over', async (t) => {
    const { relay, asked, raised } = await controlSetting(t);
    const id = await relay.send({ to: ['b@far.test'] });
    await deferred(relay);
    await asked('POST', '/queue/hold', JSON.stringify({ id }));
    const under = { level: 'may', until: null, reason: 'told by phone' };
    const say = (what: string, body: unknown) => asked('POST', `/queue/${what}`, JSON.stringify(body));
    for (const [what, wrong] of [
      ['release', { id, under: { ...under, level: 'off' } }],
      ['release', { id, under: { ...under, reason: '' } }],
      ['release', { id, under: { ...under, reason: 'two\nlines' } }],
      ['release', { id, under: { ...under, until: '2020-01-01T00:00:00Z' } }],
      ['release', { all: true, under }],
      ['retry', { id, under }],
    ] as const)
      assert.equal((await say(what, wrong)).status, 400, JSON.stringify(wrong));
    const { body } = await say('release', { id, under });
    assert.deepEqual(body, { changed: [{ id, address: 'b@far.test' }], underWay: 0, bound: 0, next: null });
    const word = raised.at(-1);
    assert.deepEqual([word?.event, word?.tls?.required, word?.tls?.by], ['released', 'none', 'override']);
    assert.match(word?.tls?.because ?? '', /released this message under the level may: told by phone/);
  });

  it('a domain means its mail, whatever destination it was queued under', async (t) => {
    const { relay, asked } = await controlSetting(t);
    const id = await relay.send({ to: ['b@far.test', 'c@routed.test'] });
    for (const address of ['b@far.test', 'c@routed.test'])
      await relay.until('deferred', ({ event, to }) => event === 'deferred' && to === address);
    const step = { changed: [{ id, address: 'c@routed.test' }], underWay: 0, bound: 0, next: null };
    for (const [what, of] of [
      ['hold', { domain: 'routed.test' }],
      ['cancel', { destination: 'routed.test' }],
    ] as const) {
      assert.deepEqual((await asked('POST', `/queue/${what}`, JSON.stringify(of))).body, step, what);
    }
  });

  it('pauses a domain, or where its mail goes, shows it, and lets it go again', async (t) => {
    const { relay, asked } = await controlSetting(t);
    const until = '2099-01-01T00:00:00.000Z';
    const paused = await asked('POST', '/pauses', JSON.stringify({ domain: 'far.test', until }));
    const farPause = { destination: 'far.test', until };
    assert.deepEqual(paused.body, { ...farPause, underWay: 0 });
    const routed = await asked('POST', '/pauses', JSON.stringify({ domain: 'routed.test', until: null }));
    const routedPause = { destination: 'smtp://next.test:25', until: null };
    assert.deepEqual(routed.body, { ...routedPause, underWay: 0 });
    assert.deepEqual((await asked('GET', '/pauses')).body, [farPause, routedPause]);
    const id = await relay.send({ to: ['b@far.test', 'c@free.test'] });
    await relay.until('the other deferred', ({ event, to }) => event === 'deferred' && to === 'c@free.test');
    const [listed] = (await asked('GET', '/queue')).body as readonly QueuedMessage[];
    assert.deepEqual(
      listed?.recipients.map(({ address, pause }) => [address, pause]),
      [
        ['b@far.test', farPause],
        ['c@free.test', null],
      ],
    );
    assert.ok(relay.events.every(({ event, to }) => event !== 'deferred' || to !== 'b@far.test'));
    const end = JSON.stringify({ domain: 'far.test' });
    assert.equal((await asked('POST', '/pauses/end', end)).status, 200);
    await relay.until('an attempt', ({ event, to }) => event === 'deferred' && to === 'b@far.test');
    assert.equal((await asked('POST', '/pauses/end', end)).status, 404);
    assert.equal(typeof id, 'string');
    for (const wrong of [
      { domain: 'far.test', until: '1999-01-01T00:00:00Z' },
      { domain: 'far.test', until: 'tomorrow' },
      { domain: 'far test', until: null },
      { domain: 'far.test' },
    ]) {
      assert.equal(
        (await asked('POST', '/pauses', JSON.stringify(wrong))).status,
        400,
        JSON.stringify(wrong),
      );
    }
  });

  it('is written into a new folder on demand, and not over something else', async (t) => {
    const { relay, asked } = await controlSetting(t);
    await relay.send({ to: ['b@far.test'] });
    const path = join(relay.folder, 'backup');
    const made = await asked('POST', '/backup', JSON.stringify({ path }));
    assert.deepEqual(made, {
      status: 200,
      body: { messages: 1, open: 1, files: 0, policies: true, webhooks: null },
    });
    assert.equal((await asked('POST', '/backup', JSON.stringify({ path }))).status, 409);
    assert.equal((await asked('POST', '/backup', JSON.stringify({ path: 'relative' }))).status, 409);
  });
});

describe('recipients for whom no bulk mail is taken', () => {
  it('are listed, and lifted by an operator', async (t) => {
    const { relay, asked } = await controlSetting(t);
    const clients = openClients({ path: relay.folder });
    t.after(() => clients.close());
    const bounce = { address: 'a@far.test', at: 1_000, status: '5.1.1', diagnostic: null };
    clients.suppressions.add([bounce], { after: 1, withinMs: 1 });
    const moment = '1970-01-01T00:00:01.000Z';
    const suppressed = { address: 'a@far.test', since: moment, status: '5.1.1', diagnostic: null };
    assert.deepEqual(await asked('GET', '/suppressed'), {
      status: 200,
      body: [{ ...suppressed, bounces: [moment] }],
    });
    assert.deepEqual((await asked('GET', '/suppressed?after=a%40far.test')).body, []);
    const lift = async (address: unknown) =>
      (await asked('POST', '/suppressed/lift', JSON.stringify({ address }))).status;
    assert.deepEqual(
      [await lift('nobody'), await lift(7), await lift('A@far.test'), await lift('a@far.test')],
      [400, 400, 200, 404],
    );
  });
});
