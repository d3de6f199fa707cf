/** What a question by UDP goes through: loss, lies, and resolvers that do not know what we know. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../src/dns/record.ts';
import {
  type Action,
  a,
  answerTo,
  question,
  type Received,
  type Said,
  type Script,
  says,
  startScriptedServer,
  withCookie,
} from '../../../support/dns/server.ts';
import { asking, plain, shown } from './asking.ts';

const FAR = question('mail.far-away.example', types.A);
const RIGHT = '192.0.2.1';
const WRONG = '203.0.113.66';

const right = (query: Received, said: Said = {}): readonly Action[] =>
  says(query, { answers: [a(query.question.name, RIGHT)], ...said });
const forged = (query: Received, said: Said = {}): Action => ({
  kind: 'send',
  bytes: answerTo(query, { answers: [a(query.question.name, WRONG)], ...said }),
});
const ways = (received: readonly Received[]): string => received.map(({ via }) => via).join(' ');
const swapCase = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()));

describe('an answer', () => {
  it('by UDP is taken as it comes', async (t) => {
    const server = await startScriptedServer(t, (query) => right(query));
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `UDP ${RIGHT}`);
    assert.equal(server.received.length, 1);
    assert.equal(server.received[0]?.recursionDesired, true);
  });

  it('that is lost is asked for again, by another id and in another spelling', async (t) => {
    const server = await startScriptedServer(t, (query) => (server.received.length < 2 ? [] : right(query)));
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR, 1_000)), `UDP ${RIGHT}`);
    const [first, second] = server.received;
    assert.notDeepEqual([first?.id, first?.spelling], [second?.id, second?.spelling]);
  });

  it('to the first of two tries counts too, when it comes late', async (t) => {
    const server = await startScriptedServer(t, (query) =>
      server.received.length === 1
        ? [{ kind: 'send', bytes: answerTo(query, { answers: [a(FAR.name, RIGHT)] }), afterMs: 350 }]
        : [],
    );
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR, 1_000)), `UDP ${RIGHT}`);
    assert.ok(server.received.length > 1);
  });

  it('RFC 1035 §4.2.1: that is cut off is asked for by TCP', async (t) => {
    const script: Script = (query) => (query.via === 'udp' ? says(query, { truncated: true }) : right(query));
    const server = await startScriptedServer(t, script);
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
    assert.equal(ways(server.received), 'udp tcp');
  });

  it('that is cut off by TCP too is none: no circle', async (t) => {
    const server = await startScriptedServer(t, (query) => right(query, { truncated: true }));
    const { ask } = asking(t, plain(server));
    const exchanged = await ask(FAR);
    assert.match(shown(exchanged), /too long for UDP; its answer is cut off although it came by TCP/);
    assert.equal(ways(server.received), 'udp tcp');
  });

  it('RFC 7766 §5: where UDP stays silent, TCP is tried before it is too late', async (t) => {
    const server = await startScriptedServer(t, (query) => (query.via === 'udp' ? [] : right(query)));
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR, 1_500)), `TCP ${RIGHT}`);
    assert.equal(ways(server.received), 'udp udp udp tcp');
  });
});

describe('no answer', () => {
  it('is told with the ways that were tried', async (t) => {
    const server = await startScriptedServer(t, () => []);
    const { ask } = asking(t, plain(server));
    const startedAt = performance.now();
    const exchanged = await ask(FAR, 1_000);
    assert.ok(performance.now() - startedAt < 1_300);
    assert.match(shown(exchanged), /did not answer within 1 s \(UDP, 3 tries; no answer by TCP\)$/);
  });

  it('because nothing listens there is known at once', async (t) => {
    const server = await startScriptedServer(t, () => []);
    await server.close();
    const { ask } = asking(t, plain(server));
    const startedAt = performance.now();
    assert.match(shown(await ask(FAR, 5_000)), /cannot be reached: .*ECONNREFUSED.* \(UDP\)/);
    assert.ok(performance.now() - startedAt < 1_000);
    // And it is asked again as soon as somebody wants to know.
    assert.match(shown(await ask(FAR, 5_000)), /ECONNREFUSED/);
  });

  it('because of what this host cannot reach is told', async (t) => {
    const { ask } = asking(t, { address: '::ffff:255.255.255.255', port: 53, transport: { kind: 'plain' } });
    assert.match(shown(await ask(FAR, 5_000)), /cannot be reached/);
  });
});

describe('RFC 5452 §9.1: what is no answer to the question is dropped', () => {
  const lies: readonly (readonly [why: string, lie: (query: Received) => Action])[] = [
    ['another id', (query) => forged(query, { id: query.id ^ 0x100 })],
    ['another port', (query) => ({ ...forged(query), elsewhere: true }) as Action],
    ['another name', (query) => forged(query, { question: question('mail.fur-away.example', types.A) })],
    ['another type', (query) => forged(query, { question: { ...query.question, type: types.AAAA } })],
    ['a question itself', (query) => forged(query, { response: false })],
    ['another cookie', (query) => forged(query, { edns: cookieOf(Buffer.alloc(16, 1)) })],
    ['octets without sense', () => ({ kind: 'send', bytes: Buffer.from([1, 2, 3]) })],
  ];
  for (const [why, lie] of lies) {
    it(`${why}: the right answer behind it counts`, async (t) => {
      const server = await startScriptedServer(t, (query) => [lie(query), ...right(query)]);
      const { ask } = asking(t, plain(server));
      assert.equal(shown(await ask(FAR)), `UDP ${RIGHT}`);
    });
  }

  it('an answer in another case is asked for by TCP, where nobody can forge it', async (t) => {
    const server = await startScriptedServer(t, (query) =>
      query.via === 'tcp'
        ? right(query)
        : [forged(query, { spelling: swapCase(query.spelling) }), ...right(query)],
    );
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
  });

  it('so is one without its question, one that is malformed, and the third that does not fit', async (t) => {
    const malformed = (query: Received): Action => {
      const bytes = Buffer.from(answerTo(query, { answers: [a(FAR.name, WRONG)] }));
      return { kind: 'send', bytes: bytes.subarray(0, -1) };
    };
    const scripts: readonly ((query: Received) => readonly Action[])[] = [
      (query) => [forged(query, { question: undefined })],
      (query) => [malformed(query)],
      (query) => [1, 2, 3].map(() => forged(query, { question: { ...query.question, type: types.MX } })),
    ];
    for (const script of scripts) {
      const server = await startScriptedServer(t, (query) =>
        query.via === 'tcp' ? right(query) : [...script(query), ...right(query)],
      );
      const { ask } = asking(t, plain(server));
      assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
    }
  });

  it('RFC 5452 §9.3: a flood of guesses moves all questions of its port to TCP', async (t) => {
    const guesses = (query: Received): Action[] =>
      Array.from({ length: 200 }, (_, index) => forged(query, { id: (query.id + 1 + index) & 0xffff }));
    const server = await startScriptedServer(t, (query) =>
      query.via === 'tcp' ? right(query) : guesses(query),
    );
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
  });

  it('a few strays are none: answers that come late to tries that were given up', async (t) => {
    const late = (query: Received): readonly Action[] => [
      ...right(query),
      ...Array.from({ length: 3 }, (): Action => forged(query)),
    ];
    const server = await startScriptedServer(t, late);
    const { ask } = asking(t, plain(server));
    for (let times = 0; times < 4; times += 1) assert.equal(shown(await ask(FAR)), `UDP ${RIGHT}`);
  });

  it('where forgeries came and TCP fails, nothing is believed', async (t) => {
    const server = await startScriptedServer(
      t,
      (query) => [forged(query, { spelling: swapCase(query.spelling) }), ...right(query)],
      'refused',
    );
    const { ask } = asking(t, plain(server));
    assert.match(shown(await ask(FAR)), /did not repeat the case of the question; .*ECONNREFUSED.* \(TCP\)/);
  });
});

describe('a resolver that does not keep the case', () => {
  it('is found out by TCP after three questions, and asked by UDP from then on', async (t) => {
    const server = await startScriptedServer(t, (query) => right(query, { spelling: query.question.name }));
    const { ask, client } = asking(t, plain(server));
    const seen: string[] = [];
    for (let times = 0; times < 5; times += 1) seen.push(shown(await ask(FAR)));
    assert.deepEqual(
      seen.slice(0, 3).map((text) => text.slice(0, 3)),
      ['TCP', 'TCP', 'TCP'],
    );
    assert.deepEqual(seen.slice(3), [`UDP ${RIGHT}`, `UDP ${RIGHT}`]);
    assert.equal(client.habits.keepsCase, false);
  });

  it('is not somebody who forges: a resolver that has kept it once is never taken for one', async (t) => {
    const server = await startScriptedServer(t, (query) =>
      query.via === 'tcp' ? right(query) : [forged(query, { spelling: swapCase(query.spelling) })],
    );
    const { ask, client } = asking(t, plain(server));
    for (let times = 0; times < 6; times += 1) assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
    assert.equal(client.habits.keepsCase, true);
  });
});

describe('RFC 6891 §7: a resolver that does not know EDNS', () => {
  for (const [rcode, text] of [
    [1, 'FORMERR'],
    [4, 'NOTIMP'],
  ] as const) {
    it(`answers ${text} without OPT, and is asked without it`, async (t) => {
      const server = await startScriptedServer(t, (query) =>
        query.edns === undefined ? right(query) : says(query, { rcode, edns: undefined }),
      );
      const { ask, client } = asking(t, plain(server));
      assert.equal(shown(await ask(FAR)), `UDP ${RIGHT}`);
      assert.equal(client.habits.edns, false);
      assert.equal(shown(await ask(FAR)), `UDP ${RIGHT}`);
      assert.equal(server.received.length, 3, 'and not tried again with the next question');
    });
  }

  it('or answers with a header only, which is believed by TCP', async (t) => {
    const server = await startScriptedServer(t, (query) =>
      query.edns === undefined
        ? right(query)
        : says(query, { rcode: 1, edns: undefined, question: undefined }),
    );
    const { ask, client } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
    assert.equal(client.habits.edns, false);
  });

  it('FORMERR with OPT is no such thing', async (t) => {
    const server = await startScriptedServer(t, (query) => says(query, { rcode: 1 }));
    const { ask, client } = asking(t, plain(server));
    const exchanged = await ask(FAR);
    assert.equal(exchanged.kind === 'message' && exchanged.message.rcode, 1);
    assert.equal(client.habits.edns, true);
  });
});

const cookieOf = (cookie: Uint8Array): NonNullable<Said['edns']> => ({
  udpSize: 1232,
  dnssecOk: true,
  cookie,
  errors: [],
});

describe('RFC 7873 §5: cookies', () => {
  it("the resolver's part goes back with the next question", async (t) => {
    const server = await startScriptedServer(t, (query) => right(query, { edns: withCookie(query) }));
    const { ask } = asking(t, plain(server));
    await ask(FAR);
    await ask(FAR);
    const [first, second] = server.received.map(({ edns }) =>
      Buffer.from(edns?.cookie ?? []).toString('hex'),
    );
    assert.match(first ?? '', /^[0-9a-f]{16}$/);
    assert.equal(second, `${first}5a5a5a5a5a5a5a5a`);
  });

  it('BADCOOKIE: "The client SHOULD retry the request using the new Server Cookie"', async (t) => {
    const fresh = Buffer.alloc(8, 0x77);
    const server = await startScriptedServer(t, (query) =>
      Buffer.from(query.edns?.cookie ?? [])
        .subarray(8)
        .equals(fresh)
        ? right(query, { edns: withCookie(query, fresh) })
        : says(query, { rcode: 23, edns: withCookie(query, fresh) }),
    );
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `UDP ${RIGHT}`);
    assert.equal(ways(server.received), 'udp udp');
  });

  it('BADCOOKIE again: "the client SHOULD retry using TCP"', async (t) => {
    const server = await startScriptedServer(t, (query) =>
      query.via === 'tcp'
        ? right(query, { edns: withCookie(query) })
        : says(query, { rcode: 23, edns: withCookie(query, Buffer.alloc(8, server.received.length)) }),
    );
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
    assert.equal(ways(server.received), 'udp udp tcp');
  });

  it('missing from a resolver that has always sent it: asked for by TCP', async (t) => {
    const server = await startScriptedServer(t, (query) => {
      const [first] = server.received;
      if (query.via === 'tcp' || first === query) return right(query, { edns: withCookie(query) });
      return [forged(query)];
    });
    const { ask } = asking(t, plain(server));
    assert.equal(shown(await ask(FAR)), `UDP ${RIGHT}`);
    for (let times = 0; times < 5; times += 1) assert.equal(shown(await ask(FAR)), `TCP ${RIGHT}`);
  });
});
