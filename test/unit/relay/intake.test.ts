import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import { octetFacts } from '../../../src/mail/encodings.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { noRecipientWishes, noSenderWishes } from '../../../src/names/wishes.ts';
import type { Envelope } from '../../../src/protocols/smtp/server/session.ts';
import type { Submitter } from '../../../src/relay/arrival.ts';
import { destinationsOf, type IntakeParts, takeMessage } from '../../../src/relay/intake.ts';
import { conversionsIn } from '../../../src/relay/octet-line.ts';
import type { Omission, Treatment } from '../../../src/relay/treatment.ts';
import type { NewMessage } from '../../../src/store/queue-store.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { DOMAIN, nameOf, routeOf } from '../../support/destinations.ts';

function mailbox(text: string) {
  const parsed = parseMailbox(text, { utf8: true });
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const recipient = (text: string) => ({ mailbox: mailbox(text), wishes: noRecipientWishes });
const sender = mailbox('a@sender.test');
const envelope: Envelope = {
  hello: 'client.test',
  extended: true,
  tls: undefined,
  account: null,
  sender,
  smtpUtf8: false,
  requireTls: false,
  wishes: noSenderWishes,
  recipients: [recipient('b@example.test')],
};
const content = Buffer.from('Subject: x\r\n\r\nhello\r\n');
const facts = { size: content.length, eightBit: false, longestLine: 10 };

/** An intake whose store keeps nothing until the test says so. */
function intake(
  t: TestContext,
  accept: (message: NewMessage) => Promise<void>,
  maxHops = 10,
  omissions: readonly Omission[] = [],
  treatments: readonly Treatment[] = [],
) {
  const incoming = mkdtempSync(join(tmpdir(), 'waxwing-intake-'));
  t.after(() => rmSync(incoming, { recursive: true }));
  const happened: string[] = [];
  const parts: IntakeParts = {
    incoming,
    store: { accept },
    contents: { remember: () => happened.push('remembered') },
    world: { now: () => 1_763_779_200_000, random: () => 0 },
    onOffered: () => happened.push('offered'),
    onKept: (events) => happened.push(...events.map(({ event }) => event)),
    onError: (what) => happened.push(what),
  };
  const open = (from: Partial<Submitter> = {}, changes: Partial<Envelope> = {}) => {
    const tellOfAliases = (): never => assert.fail('there are no aliases');
    const hostname = mailbox('x@relay.test').at;
    const settings = {
      hostname,
      routes: [],
      maxHops,
      treatments,
      omissions,
      reencodes: true,
      tellOfAliases,
    };
    const submitter: Submitter = {
      address: '127.0.0.1',
      by: 'smtp',
      role: 'mx',
      requires: 'none',
      trusted: false,
      ...from,
    };
    return takeMessage(parts, settings, submitter, { ...envelope, ...changes });
  };
  return { open, happened, incoming };
}

/** What the store is given of a message. */
async function keptOf(
  t: TestContext,
  bytes: Uint8Array,
  {
    from = {},
    changes = {},
    omissions = [],
    treatments = [],
  }: {
    from?: Partial<Submitter>;
    changes?: Partial<Envelope>;
    omissions?: readonly Omission[];
    treatments?: readonly Treatment[];
  },
): Promise<{ message: NewMessage; text: string }> {
  let message: NewMessage | undefined;
  const accept = (one: NewMessage): Promise<void> => {
    message = one;
    return Promise.resolve();
  };
  const { open } = intake(t, accept, 10, omissions, treatments);
  const sink = open(from, changes);
  for (let at = 0; at < bytes.length; at += 50_000) await sink.write(bytes.subarray(at, at + 50_000));
  await sink.finish({ size: bytes.length, ...octetFacts(bytes) });
  assert.ok(message !== undefined);
  return { message, text: textOf(message) };
}

function textOf({ body }: NewMessage): string {
  const kept = body.kind === 'bytes' ? Buffer.from(body.bytes) : readFileSync(body.path);
  return kept.toString('latin1');
}

describe('a message with long lines, of which there are too many at once', () => {
  const long = { ...facts, longestLine: 2_000 };
  const submitted = { role: 'submission' } as const;
  /** Nothing else has room until the test says so. */
  const occupy = (t: TestContext): (() => void) => {
    const busy = Promise.withResolvers<void>();
    t.after(() => busy.resolve());
    void conversionsIn.run(Number.MAX_SAFE_INTEGER, () => busy.promise);
    return busy.resolve;
  };

  it('is taken in its turn', async (t) => {
    const free = occupy(t);
    const { open } = intake(t, () => Promise.resolve());
    const kinds: string[] = [];
    const finish = async (from: Partial<Submitter>, what: typeof facts): Promise<void> => {
      const sink = open(from);
      await sink.write(content);
      kinds.push(`${from.role} ${what.longestLine} ${(await sink.finish(what)).kind}`);
    };
    const waiting = finish(submitted, long);
    await finish(submitted, facts);
    await finish({ role: 'mx' }, long);
    assert.deepEqual(kinds, ['submission 10 kept', 'mx 2000 kept']);
    free();
    await waiting;
    assert.equal(kinds[2], 'submission 2000 kept');
  });

  it('is put off where its turn does not come', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    occupy(t);
    const { open, happened } = intake(t, () => assert.fail('it was kept'));
    const sink = open(submitted);
    await sink.write(content);
    const answer = sink.finish(long);
    await settled();
    t.mock.timers.tick(30_000);
    const said = await answer;
    assert.equal(said.kind === 'refused' && `${said.code} ${said.enhanced}`, '451 4.3.2');
    assert.deepEqual(happened, []);
  });
});

it('a message whose copies would fill the disk is refused, and nothing of it stays', async (t) => {
  const letter = { sender, front: '', recipients: envelope.recipients };
  const copying: Treatment = (_, before) => ({ ...before, copies: [letter, letter] });
  const { open, incoming } = intake(t, () => assert.fail('it was kept'), 10, [], [copying]);
  const sink = open();
  await sink.write(Buffer.alloc(300_000, 'x'));
  const said = await sink.finish({ ...facts, size: 100 * 1024 * 1024 });
  assert.equal(said.kind === 'refused' && `${said.code} ${said.enhanced}`, '552 5.3.4');
  assert.deepEqual(readdirSync(incoming), []);
});

describe('a message is taken', () => {
  it('only once the store has it: until then there is no answer', async (t) => {
    const kept = Promise.withResolvers<void>();
    const { open, happened } = intake(t, () => kept.promise);
    const sink = open();
    void sink.write(content);
    let answer: string | undefined;
    const finished = sink.finish(facts).then(({ kind }) => (answer = kind));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(answer, undefined);
    assert.deepEqual(happened, ['offered']);
    kept.resolve();
    await finished;
    assert.equal(answer, 'kept');
    assert.deepEqual(happened, ['offered', 'remembered', 'received']);
  });

  it('with one Received field in front, and nothing else changed', async (t) => {
    const { message, text } = await keptOf(t, content, {});
    assert.match(text, /^Received: from client\.test \(\[127\.0\.0\.1\]\)/);
    assert.equal(text.endsWith(`\r\n${content.toString()}`), true);
    assert.equal(text.match(/^[A-Za-z-]+:/gm)?.join(), 'Received:,Subject:');
    assert.equal(message.properties.size, text.length);
    assert.equal(message.properties.hops, 0);
  });

  it('once for an address that is named twice, with what was wished first', async (t) => {
    const never = { mailbox: mailbox('b@example.test'), wishes: { ...noRecipientWishes, notify: [] } };
    const { message } = await keptOf(t, content, {
      changes: { recipients: [never, recipient('b@EXAMPLE.test'), recipient('B@example.test')] },
    });
    assert.deepEqual(
      message.recipients.map(({ address, wishes }) => [address, wishes.notify]),
      [
        ['b@example.test', []],
        ['B@example.test', null],
      ],
    );
    assert.deepEqual(
      message.events.map(({ to }) => to),
      ['b@example.test', 'B@example.test'],
    );
  });

  const refusals = [
    ['a full store: 452', new StoreError('full', 'no room'), 452],
    ['a full disk: 452', Object.assign(new Error('no space'), { code: 'ENOSPC' }), 452],
    ['any other failure: 451', new StoreError('failed', 'broken'), 451],
  ] as const;
  for (const [why, error, code] of refusals) {
    it(`not by ${why}, and nothing is told or remembered`, async (t) => {
      const { open, happened, incoming } = intake(t, () => Promise.reject(error));
      const sink = open();
      void sink.write(content);
      const answer = await sink.finish(facts);
      assert.equal(answer.kind === 'refused' && answer.code, code);
      assert.equal(happened.includes('received') || happened.includes('remembered'), false);
      assert.equal(existsSync(incoming), true);
    });
  }

  it('not when it has passed too many hosts (RFC 5321 §6.3)', async (t) => {
    const { open } = intake(t, () => assert.fail('kept a looping message'), 2);
    const looping = Buffer.from(`${'Received: from x by y; today\r\n'.repeat(3)}\r\n`);
    const sink = open();
    void sink.write(looping);
    const answer = await sink.finish({ ...facts, size: looping.length });
    assert.deepEqual(answer.kind === 'refused' && [answer.code, answer.enhanced], [554, '5.4.6']);
  });
});

describe('RFC 6409 §8: Date and Message-ID', () => {
  const missing = Buffer.from('Subject: x\r\n\r\nhello\r\n');

  it('are added below our Received field where an author hands the message in', async (t) => {
    const { message, text } = await keptOf(t, missing, { from: { role: 'submission' } });
    assert.equal(text.match(/^[A-Za-z-]+:/gm)?.join(), 'Received:,Date:,Message-ID:,Subject:');
    assert.ok(text.includes(`Message-ID: <${message.id}@relay.test>\r\n`));
    assert.equal(message.properties.size, text.length);
  });

  it('are added to a message that became a file, too', async (t) => {
    const big = Buffer.concat([missing, Buffer.alloc(300_000, 'abcdefgh\r\n')]);
    const { message, text } = await keptOf(t, big, { from: { role: 'submission' } });
    assert.equal(message.body.kind, 'file');
    assert.equal(
      text
        .slice(0, 1000)
        .match(/^[A-Za-z-]+:/gm)
        ?.join(),
      'Received:,Date:,Message-ID:,Subject:',
    );
    assert.ok(text.endsWith(big.toString('latin1')));
    assert.equal(message.properties.size, text.length);
  });

  it('are left as they are in mail that passes', async (t) => {
    const { text } = await keptOf(t, missing, { from: { role: 'mx' } });
    assert.doesNotMatch(text, /^(?:Date|Message-ID):/m);
  });
});

describe('what is left out of the header section', () => {
  const dropX: Omission = (_, __, { fields }) => fields.filter(({ name }) => name === 'X');
  for (const [what, body] of [
    ['in memory', Buffer.from('hello\r\n')],
    ['in a file', Buffer.alloc(300_000, 'abcdefgh\r\n')],
  ] as const) {
    it(`is not kept, and not counted, ${what}`, async (t) => {
      const header = 'X: 1\r\nSubject: x\r\nX: 2\r\n y\r\n\r\n';
      const bytes = Buffer.concat([Buffer.from(header), body]);
      const { message, text } = await keptOf(t, bytes, { omissions: [dropX] });
      const rest = text.slice(text.indexOf('Subject:'));
      assert.equal(rest, `Subject: x\r\n\r\n${body.toString()}`);
      assert.equal(message.properties.size, text.length);
    });
  }
});

describe('whether a message needs SMTPUTF8 (RFC 6531 §3.4)', () => {
  const plain = 'Subject: x\r\n\r\nhello\r\n';
  const eightBitBody = 'Subject: x\r\n\r\nh\xc3\xa4llo\r\n';
  const eightBitHeader = 'Subject: h\xc3\xa4llo\r\n\r\nhello\r\n';
  const farHeader = `${'X-Filler: y\r\n'.repeat(6_000)}${eightBitHeader}`;
  const utf8Recipient = [recipient('b@example.test'), recipient('jürgen@example.test')];
  const cases: readonly [needs: boolean, why: string, text: string, changes: Partial<Envelope>][] = [
    [false, 'declared, but nothing is beyond ASCII', plain, { smtpUtf8: true }],
    [false, 'declared, but only the body is', eightBitBody, { smtpUtf8: true }],
    [
      false,
      'declared, but of the address only the domain was, which is ASCII now',
      plain,
      {
        smtpUtf8: true,
        recipients: [recipient('b@bücher.test')],
      },
    ],
    [true, 'declared, and the header is', eightBitHeader, { smtpUtf8: true }],
    [true, 'declared, and the header may be beyond what is looked at', farHeader, { smtpUtf8: true }],
    [true, 'declared, and the sender is', plain, { smtpUtf8: true, sender: mailbox('jürgen@example.test') }],
    [true, 'declared, and a recipient is', plain, { smtpUtf8: true, recipients: utf8Recipient }],
    [false, 'not declared, though the header is', eightBitHeader, {}],
  ];
  for (const [needs, why, text, changes] of cases) {
    it(`${needs ? 'yes' : 'no'}: ${why}`, async (t) => {
      const { message } = await keptOf(t, Buffer.from(text, 'latin1'), { changes });
      assert.equal(message.properties.needsUtf8, needs);
    });
  }
});

describe('content that outgrows memory', () => {
  const big = Buffer.alloc(300_000, 'abcdefgh\r\n');

  it('is handed over as a flushed file', async (t) => {
    const { message, text } = await keptOf(t, big, {});
    assert.equal(message.body.kind, 'file');
    assert.ok(text.endsWith(big.toString('latin1')));
  });

  for (const [how, end] of [
    ['abandoned', 'abandon'],
    ['not kept', 'reject'],
  ] as const) {
    it(`leaves no file when it is ${how}`, async (t) => {
      let path = '';
      const { open, incoming } = intake(t, (message) => {
        path = message.body.kind === 'file' ? message.body.path : '';
        return Promise.reject(new StoreError('failed', 'broken'));
      });
      const sink = open();
      await sink.write(big);
      if (end === 'abandon') sink.abandon();
      else await sink.finish({ ...facts, size: big.length });
      for (let tries = 0; tries < 50 && readdirSync(incoming).length > 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.deepEqual(readdirSync(incoming), []);
      assert.equal(end === 'abandon' || path !== '', true);
    });
  }
});

describe('the steps before a message is kept', () => {
  const forward = { sender: mailbox('srs@relay.test'), front: 'Delivered-To: b@example.test\r\n' };
  const forwarding: Treatment = (_, before) => ({
    ...before,
    fields: 'X: y\r\n',
    copies: [{ ...forward, recipients: [recipient('c@away.test')] }],
  });
  const big = Buffer.concat([content, Buffer.alloc(300_000, 'abcdefgh\r\n')]);

  for (const [where, bytes] of [
    ['memory', content],
    ['a file', big],
  ] as const) {
    it(`may send copies with another sender and header beside it: in ${where}`, async (t) => {
      const { message, text } = await keptOf(t, bytes, { treatments: [forwarding] });
      const [copy, second] = message.copies ?? [];
      assert.ok(copy !== undefined && second === undefined);
      assert.equal(copy.id, `${message.id}-1`);
      assert.equal(copy.sender, 'srs@relay.test');
      assert.deepEqual(
        [message.recipients[0]?.address, copy.recipients[0]?.address],
        ['b@example.test', 'c@away.test'],
      );
      assert.deepEqual([copy.events[0]?.id, copy.events[0]?.from], [copy.id, 'srs@relay.test']);
      assert.ok(text.startsWith('X: y\r\nReceived: '));
      assert.equal(textOf(copy), `${forward.front}${text}`);
      assert.equal(copy.properties.size, textOf(copy).length);
      assert.equal(copy.body.kind, message.body.kind);
    });
  }

  it('may send nothing but copies: the first one has the id that the client is told', async (t) => {
    const { message, text } = await keptOf(t, content, {
      treatments: [forwarding, (_, before) => ({ ...before, recipients: [] })],
    });
    assert.equal(message.copies, undefined);
    assert.equal(message.sender, 'srs@relay.test');
    assert.ok(text.startsWith('Delivered-To: b@example.test\r\nX: y\r\nReceived: '));
  });

  it('leave no file of a copy where the message is not kept', async (t) => {
    const { open, incoming } = intake(
      t,
      () => Promise.reject(new StoreError('full', 'full')),
      10,
      [],
      [forwarding],
    );
    const sink = open();
    await sink.write(big);
    assert.equal((await sink.finish({ ...facts, size: big.length })).kind, 'refused');
    assert.deepEqual(readdirSync(incoming), []);
  });

  it('RFC 6532: a field of theirs beyond ASCII needs SMTPUTF8, too', async (t) => {
    const treatments: readonly Treatment[] = [
      (_, before) => ({ ...before, fields: 'Delivered-To: jürgen@own.test\r\n' }),
    ];
    const { message } = await keptOf(t, content, { treatments, changes: { smtpUtf8: true } });
    assert.equal(message.properties.needsUtf8, true);
  });

  it('may put other content in its place', async (t) => {
    const replacement = Buffer.from('Subject: y\r\n\r\nother\r\n');
    const { message, text } = await keptOf(t, big, {
      treatments: [(_, before) => ({ ...before, fields: 'X: y\r\n', content: replacement })],
    });
    assert.equal(text, `X: y\r\n${replacement.toString()}`);
    assert.deepEqual(message.properties, {
      ...octetFacts(Buffer.from(text)),
      size: text.length,
      hops: 0,
      needsUtf8: false,
    });
  });
});

describe('where mail goes to which the policies of a domain apply', () => {
  const to = (host: string, port: number) =>
    ({ protocol: 'smtp', host: { kind: 'name', name: nameOf(host) }, port }) as const;

  it('is the domain itself', () => {
    assert.deepEqual(destinationsOf(DOMAIN, []), ['example.test']);
    assert.deepEqual(destinationsOf(DOMAIN, [routeOf({ tls: 'may' })]), ['example.test']);
  });

  it('is the next hop of its rule, and every other next hop of its name', () => {
    const routes = [
      routeOf({ match: { kind: 'domain', domain: nameOf('one.test') }, to: to('example.test', 587) }),
      routeOf({ match: { kind: 'domain', domain: nameOf('two.test') }, to: to('example.test', 587) }),
      routeOf({ to: to('next.test', 25) }),
    ];
    assert.deepEqual(destinationsOf(DOMAIN, routes), ['smtp://next.test:25', 'smtp://example.test:587']);
  });
});
