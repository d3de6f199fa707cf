/**
 * Attempts to send mail through us to somebody else, in every form that has worked against some server.
 *
 * What counts is what is in the queue in the end, whatever was replied: nothing, or mail for a domain of ours that
 * goes to its backend.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { startHostileServer } from '../../support/hostile-server.ts';
import { rawClient } from '../../support/raw-client.ts';
import {
  type DomainSpec,
  startTestRelay,
  type TestRelay,
  type TestRelayOptions,
} from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

/** Lines in the order they are said, a reply to each waited for; the content follows DATA where that is granted. */
interface Attempt {
  readonly form: string;
  readonly lines: readonly string[];
}

const CONTENT = 'Subject: buy\r\n\r\nnow\r\n.';
const MAIL = 'MAIL FROM:<spam@origin.test>';
const EVE = 'RCPT TO:<eve@other.test>';
const ANNA = 'RCPT TO:<anna@ours.test>';
const EHLO = 'EHLO client.test';

/** Octets as they go over the wire. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

const recipients: readonly [form: string, argument: string][] = [
  ['plainly', '<eve@other.test>'],
  ['in upper case', '<EVE@OTHER.TEST>'],
  ['by the percent hack', '<eve%other.test@ours.test>'],
  ['by the percent hack, twice', '<eve%other.test%ours.test@ours.test>'],
  ['by the percent hack in quotes', '<"eve%other.test"@ours.test>'],
  ['by the percent hack behind a backslash', '<"eve\\%other.test"@ours.test>'],
  ['by the percent hack without a domain', '<eve%other.test>'],
  ['by a bang path', '<other.test!eve@ours.test>'],
  ['by a bang path without a domain', '<other.test!eve>'],
  ['by a bang path and the percent hack', '<other.test!eve%third.test@ours.test>'],
  ['with an address in quotes', '<"eve@other.test"@ours.test>'],
  ['with an address in quotes and no domain', '<"eve@other.test">'],
  ['with an @ behind a backslash', '<"eve\\@other.test"@ours.test>'],
  ['with an @ behind a backslash without quotes', '<eve\\@other.test@ours.test>'],
  ['with two domains', '<eve@other.test@ours.test>'],
  ['with two domains, ours first', '<eve@ours.test@other.test>'],
  ['by a source route over us', '<@ours.test:eve@other.test>'],
  ['by a source route over two hosts', '<@ours.test,@third.test:eve@other.test>'],
  ['by a source route and the percent hack', '<@ours.test:eve%other.test@ours.test>'],
  ['at our address', '<eve@[127.0.0.1]>'],
  ['by the percent hack at our address', '<eve%other.test@[127.0.0.1]>'],
  ['with an address in quotes at our address', '<"eve@other.test"@[127.0.0.1]>'],
  ['at our address of IPv6', '<eve@[IPv6:::1]>'],
  ['at an address without brackets', '<eve@127.0.0.1>'],
  ['at another address', '<eve@[192.0.2.1]>'],
  ['at our host name', '<eve@relay.test>'],
  ['by the percent hack at our host name', '<eve%other.test@relay.test>'],
  ['at localhost', '<eve@localhost>'],
  ['with a dot at the end', '<eve@other.test.>'],
  ['with a dot at the end of ours', '<eve%other.test@ours.test.>'],
  ['below our domain', '<eve@sub.ours.test>'],
  ['where our domain is only the end of the label', '<eve@notours.test>'],
  ['where our domain is only the beginning', '<eve@ours.test.other.test>'],
  ['with an empty domain', '<eve%other.test@>'],
  ['with an empty local part', '<@other.test>'],
  ['as the postmaster of others', '<postmaster@other.test>'],
  ['as the postmaster, by the percent hack', '<postmaster%other.test@ours.test>'],
  ['as the postmaster, by an address in quotes', '<"postmaster@other.test"@ours.test>'],
  ['without brackets', 'eve@other.test'],
  ['with white space in front', '< eve@other.test>'],
  ['with white space behind', '<eve@other.test >'],
  ['with a tab in the local part', '<eve@other.test\t@ours.test>'],
  ['with a space in the local part', '<eve@other.test @ours.test>'],
  ['behind an address of ours', '<anna@ours.test> <eve@other.test>'],
  ['behind an address of ours and a comma', '<anna@ours.test>,<eve@other.test>'],
  ['inside the brackets of ours', '<anna@ours.test,eve@other.test>'],
  ['behind a closing bracket in quotes', '<"anna@ours.test> <eve"@other.test>'],
  ['with a comment', '<eve@other.test(@ours.test)>'],
  ['in ORCPT beside an address of ours', '<anna@ours.test> ORCPT=rfc822;eve@other.test'],
  ['with an address of ours in ORCPT', '<eve@other.test> ORCPT=rfc822;anna@ours.test'],
  ['as a file', '</tmp/eve@other.test>'],
  ['as a program', '<"|sendmail eve@other.test"@ours.test>'],
  ['at a domain whose letters only look like ours', utf8('<eve@оurs.test>')],
];

/** As {@link recipients}, where MAIL declared SMTPUTF8. */
const utf8Recipients: readonly [form: string, argument: string][] = [
  ['at a domain whose letters only look like ours (IDNA)', '<eve@оurs.test>'],
  ['at a domain in wide letters', '<eve@ｏｔｈｅｒ.test>'],
  ['with a wide @', '<eve＠other.test@ours.test>'],
  ['with a wide percent sign', '<eve％other.test@ours.test>'],
  ['with an ideographic full stop', '<eve@other。test>'],
  ['with an invisible character in the domain', '<eve@other\u200b.test>'],
];

const attempts: readonly Attempt[] = [
  ...recipients.map(([form, argument]) => ({
    form,
    lines: [EHLO, MAIL, `RCPT TO:${argument}`, 'DATA', CONTENT],
  })),
  ...utf8Recipients.map(([form, argument]) => ({
    form,
    lines: [EHLO, `${MAIL} SMTPUTF8`, `RCPT TO:${utf8(argument)}`, 'DATA', CONTENT],
  })),
  { form: 'with the null sender', lines: [EHLO, 'MAIL FROM:<>', EVE, 'DATA', CONTENT] },
  ...[
    '<anna@ours.test>',
    '<postmaster@ours.test>',
    '<spam@localhost>',
    '<spam@[127.0.0.1]>',
    '<spam@relay.test>',
  ].map((sender) => ({ form: `as ${sender}`, lines: [EHLO, `MAIL FROM:${sender}`, EVE, 'DATA', CONTENT] })),
  {
    form: 'as whoever had logged in',
    lines: [EHLO, `${MAIL} AUTH=anna@ours.test`, MAIL, EVE, 'DATA', CONTENT],
  },
  {
    form: 'with a login that is no good',
    lines: [EHLO, 'AUTH PLAIN AGFubmEAYW5uYQ==', MAIL, EVE, 'DATA', CONTENT],
  },
  { form: 'without EHLO', lines: [MAIL, EVE, 'DATA', CONTENT] },
  { form: 'after HELO', lines: ['HELO relay.test', MAIL, EVE, 'DATA', CONTENT] },
  { form: 'under our own name', lines: ['EHLO relay.test', MAIL, EVE, 'DATA', CONTENT] },
  { form: 'after an address of ours', lines: [EHLO, MAIL, ANNA, EVE, 'DATA', CONTENT] },
  { form: 'before an address of ours', lines: [EHLO, MAIL, EVE, ANNA, 'DATA', CONTENT] },
  { form: 'after RSET', lines: [EHLO, MAIL, ANNA, 'RSET', MAIL, EVE, 'DATA', CONTENT] },
  { form: 'after RSET, without MAIL', lines: [EHLO, MAIL, ANNA, 'RSET', EVE, 'DATA', CONTENT] },
  { form: 'after a message to us', lines: [EHLO, MAIL, ANNA, 'DATA', CONTENT, MAIL, EVE, 'DATA', CONTENT] },
  { form: 'after a second EHLO', lines: [EHLO, MAIL, ANNA, EHLO, EVE, 'DATA', CONTENT] },
  { form: 'after STARTTLS', lines: [EHLO, 'STARTTLS', EHLO, MAIL, EVE, 'DATA', CONTENT] },
  { form: 'begun before STARTTLS', lines: [EHLO, MAIL, ANNA, 'STARTTLS', EHLO, EVE, 'DATA', CONTENT] },
  { form: 'by BDAT', lines: [EHLO, MAIL, EVE, 'BDAT 5 LAST\r\nhi!'] },
  { form: 'between chunks', lines: [EHLO, MAIL, ANNA, 'BDAT 5\r\nhi!', EVE, 'BDAT 0 LAST'] },
  {
    form: 'in one segment',
    lines: [[EHLO, MAIL, EVE, 'DATA', CONTENT, MAIL, EVE, 'DATA', CONTENT].join('\r\n')],
  },
  {
    form: 'smuggled behind a bare line feed',
    lines: [EHLO, MAIL, ANNA, 'DATA', `Subject: x\r\n\r\n\n.\n${MAIL}\r\n${EVE}\r\nDATA\r\n${CONTENT}`],
  },
  {
    form: 'by XCLIENT',
    lines: [EHLO, 'XCLIENT ADDR=192.0.2.1 LOGIN=anna', EHLO, MAIL, EVE, 'DATA', CONTENT],
  },
  { form: 'by XFORWARD', lines: [EHLO, 'XFORWARD ADDR=192.0.2.1', MAIL, EVE, 'DATA', CONTENT] },
  {
    form: 'by a PROXY header that nobody asked for',
    lines: ['PROXY TCP4 192.0.2.1 192.0.2.1 25 25', EHLO, MAIL, EVE, 'DATA', CONTENT],
  },
  { form: 'by SEND', lines: [EHLO, 'SEND FROM:<spam@origin.test>', EVE, 'DATA', CONTENT] },
  {
    form: 'by EXPN and VRFY',
    lines: [EHLO, MAIL, 'EXPN eve@other.test', 'VRFY eve@other.test', 'DATA', CONTENT],
  },
  { form: 'by ETRN and TURN', lines: [EHLO, 'ETRN other.test', 'TURN', MAIL, EVE, 'DATA', CONTENT] },
  {
    form: 'in a field of a message to us',
    lines: [EHLO, MAIL, ANNA, 'DATA', `Bcc: eve@other.test\r\n${CONTENT}`],
  },
];

/** Says the lines, as far as anybody listens. */
async function run(port: number, { lines }: Attempt): Promise<void> {
  const client = await rawClient(port);
  try {
    let reply = await client.reply();
    for (const [index, line] of lines.entries()) {
      // Content that was not asked for would only be commands.
      if (lines[index - 1] === 'DATA' && !reply.startsWith('354')) continue;
      client.write(`${line}\r\n`);
      reply = await client.reply();
      if (line === 'STARTTLS' && reply.startsWith('220')) await client.secure();
    }
    client.write('QUIT\r\n');
    client.end();
    await client.rest();
  } catch {
    // The relay closed the connection: that is an answer, too.
  } finally {
    client.close();
  }
}

/** What is in the queue and must not be. */
async function foreign({ store }: TestRelay, backend: string): Promise<string[]> {
  const messages = await store.list({ which: 'all', most: 1_000 });
  return messages
    .flatMap((message) => message.recipients)
    .filter(({ address, destination }) => !/^[^@%!"]+@ours\.test$/.test(address) || destination !== backend)
    .map(({ address, destination }) => `${address} by ${destination}`);
}

/** A relay whose backend takes everything for everybody. */
async function relayOf(
  t: TestContext,
  recipientsOf: DomainSpec['recipients'],
  changes: Partial<TestRelayOptions> = {},
): Promise<{ relay: TestRelay; backend: string }> {
  const backend = await startHostileServer(keyPair, { offers: ['PIPELINING', '8BITMIME', 'SMTPUTF8'] });
  t.after(() => backend.close());
  const relay = await startTestRelay(t, {
    keyPair,
    domains: [{ name: 'ours.test', backend: { port: backend.port }, recipients: recipientsOf }],
    listeners: [{ role: 'mx', networks: [] }],
    ...changes,
  });
  return { relay, backend: `smtp://127.0.0.1:${backend.port}` };
}

const modes = [
  ['a table says who exists', ['anna']],
  ['everybody exists', 'any'],
  ['the backend says that everybody exists', 'callout'],
] as const;

for (const [mode, recipientsOf] of modes) {
  describe(`nobody sends mail through us to another domain, where ${mode}`, () => {
    it(`in ${attempts.length} forms`, { timeout: 60_000 }, async (t) => {
      const { relay, backend } = await relayOf(t, recipientsOf);
      for (const attempt of attempts) {
        await t.test(attempt.form, async () => {
          await run(relay.port, attempt);
          assert.deepEqual(await foreign(relay, backend), []);
        });
      }
      // Mail for us went in, so that it was no closed door that kept the rest out.
      assert.ok((await relay.store.list({ which: 'all', most: 1_000 })).length >= 5);
    });
  });
}

describe('what we look for would be seen', () => {
  it('where strangers may relay', async (t) => {
    const { relay, backend } = await relayOf(t, ['anna'], { listeners: [{ role: 'mx' }] });
    const seen: string[] = [];
    for (const attempt of attempts) {
      const before = await foreign(relay, backend);
      await run(relay.port, attempt);
      if ((await foreign(relay, backend)).length > before.length) seen.push(attempt.form);
    }
    for (const form of [
      'plainly',
      'in upper case',
      'by a source route over us',
      'with the null sender',
      'by BDAT',
    ]) {
      assert.ok(seen.includes(form), `${form}; seen: ${seen.join(', ')}`);
    }
    assert.ok(seen.length > 20, seen.join(', '));
  });
});

describe('nobody sends mail through a submission listener without a login', () => {
  it(`in ${attempts.length} forms`, { timeout: 60_000 }, async (t) => {
    const { relay } = await relayOf(t, ['anna'], { listeners: [{ role: 'submission', networks: [] }] });
    for (const attempt of attempts) {
      await run(relay.port, attempt);
      assert.deepEqual(await relay.store.list({ which: 'all', most: 1 }), [], attempt.form);
    }
  });
});
