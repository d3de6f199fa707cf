import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import type { NotifyCondition } from '../../../src/names/wishes.ts';
import { parseAlias } from '../../../src/relay/aliases.ts';
import { noBounces, openBounceAddresses } from '../../../src/relay/bounce-addresses.ts';
import type { LocalDomain } from '../../../src/relay/domains.ts';
import { type Forwarding, openOwnDomains, readersOf, redirecting } from '../../../src/relay/forward.ts';
import { type Treatment, treat } from '../../../src/relay/treatment.ts';
import { incomingMessage, mailboxOf } from '../../support/incoming.ts';
import { domain } from '../../support/relay.ts';

const forwarding: Forwarding = {
  srs: {
    domain: domain('own.test'),
    hash: (text) => createHmac('sha256', 'secret').update(text).digest('base64'),
  },
};
const crowd = Array.from({ length: 101 }, (_, index) => `a${index}: x${index}@far.test`);
const aliases = [
  ...crowd,
  'sales: anna, ben@far.test, c@away.test',
  'both: anna, ben',
  'jürgen: c@away.test',
].map((line) => {
  const parsed = parseAlias(line);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
});
const own: LocalDomain = {
  name: domain('own.test'),
  backend: { protocol: 'lmtp', host: { kind: 'ip', address: '127.0.0.1' }, port: 24 },
  tls: null,
  requireTls: null,
  names: [],
  recipients: { kind: 'table', locals: new Set(['anna', 'ben']) },
  aliases,
};
const text = 'Subject: x\r\n\r\nHello.\r\n';
const { at } = incomingMessage(text);
const domains = openOwnDomains([own], forwarding, () => at);

async function redirected(
  to: readonly string[],
  how: { readonly from?: string | null; readonly content?: string } = {},
) {
  const odd: string[] = [];
  const step = redirecting([own], domains, forwarding, (what) => void odd.push(what));
  const message = incomingMessage(how.content ?? text, {
    role: 'mx',
    to,
    ...('from' in how ? { from: how.from } : {}),
  });
  const said = await treat(message, noTerms, step === undefined ? [] : [step]);
  if (said.kind === 'refused') return { refused: `${said.code} ${said.enhanced} ${said.text}`, odd };
  return {
    to: said.recipients.map(({ mailbox }) => mailbox.text),
    wishes: said.recipients.map(({ wishes }) => wishes.originalRecipient),
    copies: said.copies.map(({ sender, front, recipients }) => ({
      sender: sender?.text ?? null,
      front,
      to: recipients.map(({ mailbox }) => mailbox.text),
    })),
    odd,
  };
}

describe('mail for an alias', () => {
  it('goes to its mailboxes here, and in a copy of its own elsewhere, with a sender of ours', async () => {
    const { to, copies, odd } = await redirected(['Sales@own.test', 'ben@own.test', 'x@else.test']);
    assert.deepEqual(to, ['anna@own.test', 'ben@own.test', 'x@else.test']);
    assert.equal(copies?.length, 1);
    assert.match(copies[0]?.sender ?? '', /^SRS0=[^=]{6}=..=sender\.test=a@own\.test$/);
    assert.deepEqual(copies[0]?.to, ['ben@far.test', 'c@away.test']);
    assert.equal(copies[0]?.front, 'Delivered-To: Sales@own.test\r\n');
    assert.deepEqual(odd, []);
  });

  it('within our domains stays one message', async () => {
    const { to, copies, wishes } = await redirected(['both@own.test']);
    assert.deepEqual([to, copies], [['anna@own.test', 'ben@own.test'], []]);
    assert.deepEqual(wishes, ['rfc822;both@own.test', 'rfc822;both@own.test']);
  });

  it('RFC 3461 §5.2.7.3: several mailboxes tell of no success each, the alias does once; one mailbox does as it was asked', async () => {
    const asked = async (to: string, notify: readonly NotifyCondition[] | null) => {
      const step = redirecting([own], domains, forwarding, () => undefined);
      assert.ok(step !== undefined);
      const message = incomingMessage(text, { role: 'mx', to: [to] });
      const recipients = message.envelope.recipients.map(({ mailbox }) => ({
        mailbox,
        wishes: { notify, originalRecipient: null },
      }));
      const before: Treatment = (_, treated) => ({ ...treated, recipients });
      const said = await treat(message, noTerms, [before, step]);
      assert.ok(said.kind === 'treated');
      const all = [...said.recipients, ...said.copies.flatMap((copy) => copy.recipients)];
      return {
        notify: all.map(({ wishes }) => wishes.notify?.join() ?? null),
        expanded: said.expanded.map(({ mailbox }) => mailbox.text),
      };
    };
    assert.deepEqual(await asked('sales@own.test', ['success', 'failure']), {
      notify: ['failure', 'failure', 'failure'],
      expanded: ['sales@own.test'],
    });
    assert.deepEqual(await asked('both@own.test', ['success']), {
      notify: ['', ''],
      expanded: ['both@own.test'],
    });
    assert.deepEqual(await asked('a1@own.test', ['success']), { notify: ['success'], expanded: [] });
    assert.deepEqual(await asked('both@own.test', ['failure']), {
      notify: ['failure', 'failure'],
      expanded: [],
    });
    assert.deepEqual(await asked('both@own.test', null), { notify: [null, null], expanded: [] });
  });

  it('keeps the null sender, and one of our own domains', async () => {
    assert.equal((await redirected(['sales@own.test'], { from: null })).copies?.[0]?.sender, null);
    const mine = await redirected(['sales@own.test'], { from: 'ben@own.test' });
    assert.equal(mine.copies?.[0]?.sender, 'ben@own.test');
  });

  it('keeps a sender that is too long to be rewritten, which is said', async () => {
    const long = `${'a'.repeat(50)}@sender.test`;
    const { copies, odd } = await redirected(['sales@own.test'], { from: long });
    assert.equal(copies?.[0]?.sender, long);
    assert.deepEqual(odd, ['the sender is too long to be rewritten, it is kept']);
  });

  it('makes at most a hundred messages of one', async () => {
    const many = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => `a${index}@own.test`);
    assert.equal((await redirected(many(100))).copies?.length, 100);
    assert.match((await redirected(many(101))).refused ?? '', /^554 5\.5\.3 .*more than 100 addresses/);
  });

  it('goes to nobody twice', async () => {
    const { copies } = await redirected(['sales@own.test', 'SALES@own.test', 'jürgen@own.test']);
    assert.deepEqual(
      copies?.map(({ to }) => to),
      [['ben@far.test', 'c@away.test']],
    );
  });

  it('is refused where it was delivered to the alias before: it loops', async () => {
    const content = `Delivered-To: SALES@own.test\r\n${text}`;
    assert.equal(
      (await redirected(['sales@own.test'], { content })).refused,
      '554 5.4.6 the message was delivered to sales@own.test before: it loops',
    );
    const utf8 = Buffer.from(`Delivered-To: jürgen@own.test\r\n${text}`).toString('latin1');
    assert.match((await redirected(['jürgen@own.test'], { content: utf8 })).refused ?? '', /^554 5\.4\.6/);
    assert.deepEqual((await redirected(['both@own.test'], { content })).to, [
      'anna@own.test',
      'ben@own.test',
    ]);
  });
});

describe('what comes back of forwarded mail', () => {
  it('goes to its sender', async () => {
    const { copies } = await redirected(['sales@own.test']);
    const address = copies?.[0]?.sender ?? '';
    assert.deepEqual((await redirected([address], { from: null })).to, ['a@sender.test']);
    assert.deepEqual(
      readersOf(mailboxOf(address), domains).map((reader) => reader.text),
      ['a@sender.test'],
    );
  });

  it('is refused where nobody of us made the address', async () => {
    const { refused } = await redirected(['SRS0=AAAAAA=AA=victim.test=v@own.test'], { from: null });
    assert.match(refused ?? '', /^550 5\.1\.1 no such mailbox here: it is no address that we made/);
  });

  it('is not looked for in other domains', async () => {
    const { to } = await redirected(['SRS0=AAAAAA=AA=a.test=v@else.test']);
    assert.deepEqual(to, ['SRS0=AAAAAA=AA=a.test=v@else.test']);
  });
});

it('there is no such step without aliases and forwarding', () => {
  const plain = [{ ...own, aliases: [] }];
  assert.equal(
    redirecting(
      plain,
      openOwnDomains(plain, null, () => at),
      null,
      () => undefined,
    ),
    undefined,
  );
});

describe('an address that was made of a bounce address', () => {
  const addresses = openBounceAddresses(
    { ...noBounces, addresses: ['anna@own.test', 'sales@own.test', 'gone@own.test'].map(mailboxOf) },
    () => at,
  );
  const bouncing = (recipients: LocalDomain['recipients'] = own.recipients) =>
    openOwnDomains([{ ...own, recipients }], null, () => at, addresses);

  it('is another name of that, and exists where that does', () => {
    const residence = (address: string, how = bouncing()) => how.residence(mailboxOf(address));
    assert.deepEqual(residence('anna+x=far.test@own.test'), {
      kind: 'alias',
      targets: [mailboxOf('anna@own.test')],
    });
    assert.equal(residence('gone+x=far.test@own.test').kind, 'unknown');
    assert.equal(residence('ben+x=far.test@own.test').kind, 'unknown');
    const sales = residence('sales+x=far.test@own.test');
    assert.equal(sales.kind, 'alias');
    assert.deepEqual(
      sales.targets.map(({ text: one }) => one),
      ['anna@own.test', 'ben@far.test', 'c@away.test'],
    );
    const asked = residence('anna+x=far.test@own.test', bouncing({ kind: 'callout' }));
    assert.equal(asked.kind, 'alias');
  });

  it('is delivered to that', async () => {
    const step = redirecting([{ ...own, aliases: [] }], bouncing(), null, () => undefined, true);
    const message = incomingMessage(text, { role: 'mx', from: null, to: ['anna+x=far.test@own.test'] });
    const said = await treat(message, noTerms, step === undefined ? [] : [step]);
    assert.equal(said.kind, 'treated');
    assert.deepEqual(
      said.recipients.map(({ mailbox }) => mailbox.text),
      ['anna@own.test'],
    );
  });
});
