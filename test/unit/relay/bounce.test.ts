import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/names/domain.ts';
import type { Mailbox } from '../../../src/names/mailbox.ts';
import { type MessageTerms, noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes, noSenderWishes } from '../../../src/names/wishes.ts';
import { expansionNotice, type NoticeParts, notices } from '../../../src/relay/bounce.ts';
import type { News } from '../../../src/relay/settle.ts';
import { tlsUntried } from '../../../src/relay/tls-verdict.ts';
import type { Claim, NewMessage } from '../../../src/store/queue-store.ts';
import { mailboxOf } from '../../support/incoming.ts';
import { readLeaves, valueOf } from '../mail/mime-reader.ts';

const relay = parseDomain('relay.test');
if (relay.kind !== 'ok') throw new Error(relay.because);
const hostname = { kind: 'domain', domain: relay.value } as const;
const tls = tlsUntried({ requires: 'none', by: 'default' }, 'x');
const content = 'Subject: hello\r\n\r\nthe body\r\n';

function news(kind: News['kind'], address = 'bob@far.test'): News {
  const wishes = { ...noRecipientWishes, originalRecipient: 'rfc822;bob@list.test' };
  const verdict = { kind: 'failed', because: 'no' } as const;
  return {
    kind,
    recipient: { address, wishes, attempts: 0, blockedBecause: null, toldCause: null },
    result: { address, verdict, mx: null, reply: null, tls },
    status: '5.0.0',
    because: 'no',
    nextAttemptAt: null,
  };
}

interface Case {
  readonly kinds: readonly News['kind'][];
  readonly ret?: 'full' | 'headers' | null;
  readonly sender?: string;
  readonly content?: string | Error;
  readonly properties?: Partial<Claim['message']['properties']>;
  readonly terms?: Partial<MessageTerms>;
  /** What became of each recipient; by default nothing but a failure. */
  readonly result?: Partial<News['result']>;
  readonly outgoing?: Partial<NoticeParts['outgoing']>;
}

async function build(given: Case): Promise<{ messages: readonly NewMessage[]; errors: readonly string[] }> {
  const bytes = given.content instanceof Error ? given.content : Buffer.from(given.content ?? content);
  const size = bytes instanceof Error ? 1 : bytes.length;
  const properties = {
    size,
    eightBit: false,
    longestLine: 20,
    hops: 0,
    needsUtf8: false,
    ...given.properties,
  };
  const wishes = { ...noSenderWishes, ret: given.ret ?? null, envelopeId: 'Q+2B1' };
  const sender = given.sender ?? 'anna@origin.test';
  const errors: string[] = [];
  const read = <Value>(value: (all: Buffer) => Value): Promise<Value> =>
    bytes instanceof Error ? Promise.reject(bytes) : Promise.resolve(value(bytes));
  const messages = await notices(
    {
      id: 'm1',
      receivedAt: 0,
      sender,
      wishes,
      terms: { ...noTerms, ...given.terms },
      properties,
      warnedAt: null,
      heldNoticeAt: null,
      release: null,
    },
    given.kinds.map((kind, index) => {
      const one = news(kind, `${index}@far.test`);
      return { ...one, result: { ...one.result, ...given.result } };
    }),
    {
      outgoing: {
        hostname,
        routes: [],
        readersOf: (one) => [one],
        senderFor: (from) => from,
        sign: undefined,
        ...given.outgoing,
      },
      contents: {
        head: () => read((all) => all.subarray(0, 64 * 1024)),
        source: () => read((all) => ({ kind: 'bytes', bytes: all })),
      },
      now: 1_000,
      retryUntil: 2_000,
      onError: (what, error) => errors.push(`${what}: ${String(error)}`),
    },
  );
  return { messages, errors };
}

function bytesOf({ body }: NewMessage): Buffer {
  return body.kind === 'bytes' ? Buffer.from(body.bytes) : assert.fail('a notification in a file');
}

/** The third part: its type, and what it holds. */
async function returned(given: Omit<Case, 'kinds'>, kind: News['kind'] = 'failed'): Promise<string> {
  const { messages } = await build({ ...given, kinds: [kind] });
  const [message] = messages;
  if (message === undefined) assert.fail('no notification');
  const text = bytesOf(message).toString('latin1');
  const type = [...text.matchAll(/^Content-Type: ([a-z]+\/[a-z0-9-]+)/gm)].at(-1)?.[1];
  const full = text.includes('the body') || text.includes('dGhlIGJvZHk');
  return `${text.includes('message/rfc822') ? 'message/rfc822' : type} ${full ? 'whole' : 'header'}`;
}

describe('notifications', () => {
  it('are one for each kind, from nobody, to the sender, about which nobody is told', async () => {
    const { messages } = await build({ kinds: ['failed', 'delayed', 'failed'] });
    assert.equal(messages.length, 2);
    for (const { sender, recipients, events } of messages) {
      assert.equal(sender, '');
      assert.deepEqual(events, []);
      assert.deepEqual(recipients, [
        {
          address: 'anna@origin.test',
          destination: 'origin.test',
          wishes: { notify: [], originalRecipient: null },
        },
      ]);
    }
    const [first] = messages;
    if (first === undefined) assert.fail('no notification');
    const status = readLeaves(bytesOf(first).toString('latin1'))[1]?.decoded ?? '';
    assert.deepEqual(status.match(/^Final-Recipient: .*(?=\r)/gm), [
      'Final-Recipient: rfc822; 0@far.test',
      'Final-Recipient: rfc822; 2@far.test',
    ]);
    assert.match(status, /^Original-Envelope-Id: Q\+1\r$/m);
    assert.match(status, /^Original-Recipient: rfc822; bob@list\.test\r$/m);
  });

  it('say how they are to be handed on', async () => {
    const [ascii] = (await build({ kinds: ['failed'] })).messages;
    assert.deepEqual([ascii?.properties.eightBit, ascii?.properties.needsUtf8], [false, false]);
    const [utf8] = (await build({ kinds: ['failed'], sender: 'jörg@origin.test' })).messages;
    assert.deepEqual([utf8?.properties.eightBit, utf8?.properties.needsUtf8], [true, true]);
    assert.equal(utf8?.properties.size, utf8 && bytesOf(utf8).length);
  });

  const eightBit = { eightBit: true } as const;
  const mime =
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n';
  const cases: readonly (readonly [string, string, Omit<Case, 'kinds'>, News['kind']?])[] = [
    ['RET not said: the header', 'text/rfc822-headers header', {}],
    ['RET=HDRS: the header', 'text/rfc822-headers header', { ret: 'headers' }],
    ['RET=FULL: all of it', 'message/rfc822 whole', { ret: 'full' }],
    ['RET=FULL of a delay: the header', 'text/rfc822-headers header', { ret: 'full' }, 'delayed'],
    ['RET=FULL of a success: the header', 'text/rfc822-headers header', { ret: 'full' }, 'relayed'],
    [
      'RET=FULL above 1 MB: the header',
      'text/rfc822-headers header',
      { ret: 'full', properties: { size: 1_048_577 } },
    ],
    [
      'RET=FULL of 8-bit content: all of it, in 7-bit form',
      'message/rfc822 whole',
      { ret: 'full', content: `${mime}\r\nthe body: ä\r\n`, properties: eightBit },
    ],
    [
      'RET=FULL where a 7-bit form is not to be had: the header',
      'text/rfc822-headers header',
      { ret: 'full', content: 'Subject: ä\r\n\r\nthe body\r\n', properties: eightBit },
    ],
    [
      'RET=FULL to a sender beyond ASCII: all of it, as it is',
      'message/global whole',
      {
        ret: 'full',
        content: 'Subject: ä\r\n\r\nthe body\r\n',
        properties: eightBit,
        sender: 'ä@origin.test',
      },
    ],
  ];
  for (const [why, expected, given, kind] of cases) {
    it(`RFC 3461 §4.3: ${why}`, async () => assert.equal(await returned(given, kind), expected));
  }

  it('RFC 8689 §5: of a message with REQUIRETLS the header comes back, "RET=FULL MUST be disregarded"', async () => {
    const given = { ret: 'full', terms: { tls: 'requiretls' } } as const;
    assert.equal(await returned(given), 'text/rfc822-headers header');
    const { messages } = await build({ ...given, kinds: ['failed'] });
    const text = messages.map((message) => bytesOf(message).toString()).join();
    assert.match(
      text.replace(/\r\n/g, ' '),
      /it was sent with REQUIRETLS, and of such a message only the header/,
    );
    assert.equal(await returned({ ret: 'full', terms: { tls: 'authenticate' } }), 'message/rfc822 whole');
  });

  it('RFC 8689 §5: "MUST also specify the REQUIRETLS SMTP option", whatever they tell of', async () => {
    for (const kind of ['failed', 'delayed', 'relayed', 'delivered'] as const) {
      const [notice] = (await build({ kinds: [kind], terms: { tls: 'requiretls' } })).messages;
      assert.equal(notice?.terms?.tls, 'requiretls');
      const [other] = (await build({ kinds: [kind], terms: { tls: 'optional', tellOutcome: true } }))
        .messages;
      assert.deepEqual(other?.terms, noTerms);
    }
  });

  const sent = {
    ...tls,
    outcome: 'encrypted',
    version: 'TLSv1.3',
    because: 'a self-signed certificate',
  } as const;
  const waiting = { ...tls, required: 'authenticate', by: 'dane', because: 'no STARTTLS' } as const;
  const ways: readonly (readonly [string, Case, RegExp | null])[] = [
    [
      'a success says how it travelled, whoever asked for it',
      { kinds: ['relayed'], result: { tls: sent, verdict: { kind: 'delivered', tells: 'relayed' } } },
      /^X-Waxwing-TLS: encrypted; required=none; by=default; version=TLSv1\.3$/m,
    ],
    [
      'a delay says what is required where the sender wants to know',
      { kinds: ['delayed'], terms: { tellOutcome: true }, result: { tls: waiting } },
      /^X-Waxwing-TLS: not-sent; required=authenticate; by=dane$/m,
    ],
    ['and nothing where he did not ask', { kinds: ['delayed'], result: { tls: waiting } }, null],
  ];
  for (const [why, given, expected] of ways)
    it(`the way of the mail: ${why}`, async () => {
      const [message] = (await build(given)).messages;
      if (message === undefined) assert.fail('no notification');
      const status = readLeaves(bytesOf(message).toString('latin1'))[1]?.decoded.replaceAll('\r', '') ?? '';
      if (expected === null) assert.doesNotMatch(status, /X-Waxwing/);
      else assert.match(status, expected);
    });

  it('say of a host that tells of success itself that it takes over', async () => {
    const result = { tls: sent, verdict: { kind: 'delivered', tells: 'host' } } as const;
    const { messages } = await build({ kinds: ['relayed'], terms: { tellOutcome: true }, result });
    const text = messages.map((message) => bytesOf(message).toString()).join();
    assert.match(text.replace(/\r\n/g, ' '), /which takes over from here: what happens there it reports/);
  });

  it('say why the whole message is not given back', async () => {
    const { messages } = await build({ kinds: ['failed'], ret: 'full', properties: { size: 2_000_000 } });
    const text = messages.map((message) => bytesOf(message).toString()).join();
    assert.match(
      text.replace(/\r\n/g, ' '),
      /it has 2000000 octets, and no more than 1048576 are given back/,
    );
  });

  it('go out without the original where it cannot be read', async () => {
    const { messages, errors } = await build({ kinds: ['failed'], content: new Error('gone') });
    assert.equal(messages.length, 1);
    assert.deepEqual(errors, ['reading message m1 for a notification: Error: gone']);
    const last = messages[0] && readLeaves(bytesOf(messages[0]).toString('latin1')).at(-1);
    assert.equal(valueOf(last?.fields ?? [], 'content-type'), 'text/rfc822-headers');
    assert.equal(last?.decoded, '');
  });
});

describe('where each copy has a sender of its own', () => {
  const senderFor = (sender: string, recipient: string, delimiters: string): string =>
    sender.replace('@', `${delimiters.charAt(0)}${recipient.replace('@', delimiters.charAt(1))}@`);
  const given = { terms: { verp: '+=' }, outgoing: { senderFor } };

  it('each is told of there, and of no other', async () => {
    const { messages } = await build({ ...given, kinds: ['failed', 'failed', 'delayed'] });
    const told = messages.map((message) => {
      const final = [
        ...bytesOf(message)
          .toString('latin1')
          .matchAll(/^Final-Recipient: rfc822; (.*)\r$/gm),
      ];
      return [message.recipients[0]?.address, ...final.map(([, address]) => address)];
    });
    assert.deepEqual(told, [
      ['anna+0=far.test@origin.test', '0@far.test'],
      ['anna+1=far.test@origin.test', '1@far.test'],
      ['anna+2=far.test@origin.test', '2@far.test'],
    ]);
  });

  it('the message is read once', async () => {
    const { errors } = await build({ ...given, kinds: ['failed', 'failed'], content: new Error('gone') });
    assert.equal(errors.length, 1);
  });
});

describe('where a notification goes', () => {
  const readersOf = () => [mailboxOf('b@behind.test'), mailboxOf('c@away.test')];

  it('follows an alias, and what comes back of forwarded mail', async () => {
    const { messages } = await build({ kinds: ['failed'], outgoing: { readersOf } });
    const [message] = messages;
    assert.deepEqual(
      message?.recipients.map(({ address, destination }) => [address, destination]),
      [
        ['b@behind.test', 'behind.test'],
        ['c@away.test', 'away.test'],
      ],
    );
  });

  it('has a signature in front where there is a key', async () => {
    const { messages } = await build({
      kinds: ['failed'],
      outgoing: { sign: () => Promise.resolve('X: y\r\n') },
    });
    const body = messages[0]?.body;
    const text = body?.kind === 'bytes' ? Buffer.from(body.bytes).toString() : assert.fail();
    assert.ok(text.startsWith('X: y\r\n'));
    assert.equal(messages[0]?.properties.size, text.length);
  });
});

it('RFC 3461 §5.2.7.3: of aliases that lead to several mailboxes the sender is told once, as expanded', async () => {
  const { envelopeId, ret } = { envelopeId: 'Q+2B1', ret: 'full' } as const;
  const message = {
    id: 'm1',
    sender: 'anna@origin.test',
    receivedAt: 0,
    wishes: { envelopeId, ret },
    terms: noTerms,
  };
  const aliases = ['sales@own.test', 'all@own.test'].map((text) => ({
    mailbox: mailboxOf(text),
    wishes: noRecipientWishes,
  }));
  const outgoing = {
    hostname,
    routes: [],
    readersOf: (one: Mailbox) => [one],
    senderFor: (from: string) => from,
    sign: undefined,
  };
  const notice = await expansionNotice(message, aliases, Buffer.from(content), outgoing);
  assert.deepEqual(
    [notice.sender, notice.recipients.map(({ address }) => address)],
    ['', ['anna@origin.test']],
  );
  const text = bytesOf(notice).toString('latin1');
  assert.match(text, /^Original-Envelope-Id: Q\+1\r$/m);
  for (const alias of ['sales', 'all'])
    assert.ok(
      text.includes(`Final-Recipient: rfc822; ${alias}@own.test\r\nAction: expanded\r\nStatus: 2.0.0\r\n`),
    );
  assert.ok(text.includes('\r\nSubject: hello\r\n') && !text.includes('the body'), 'RET is about failures');
  const strict = await expansionNotice(
    { ...message, terms: { ...noTerms, tls: 'requiretls' } },
    aliases,
    Buffer.from(content),
    outgoing,
  );
  assert.equal(strict.terms?.tls, 'requiretls');
});
