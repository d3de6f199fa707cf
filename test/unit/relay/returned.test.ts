import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import type { ReturnedEvent } from '../../../src/events/returned-event.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noBounces, openBounceAddresses } from '../../../src/relay/bounce-addresses.ts';
import { noteOwnBounces, readingReturned } from '../../../src/relay/returned.ts';
import { treat } from '../../../src/relay/treatment.ts';
import { incomingMessage, mailboxOf } from '../../support/incoming.ts';

const NOW = incomingMessage('').at;
const DAY = 86_400_000;
const suppress = { after: 3, withinMs: 1_000 };
const key = { hash: (text: string) => createHmac('sha256', 'secret').update(text).digest() };
const settings = { ...noBounces, addresses: [mailboxOf('owner@list.test')], key, suppress };

const report = (...groups: readonly string[]): string =>
  [
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.test',
    ...groups.flatMap((group) => ['', ...group.split('\n')]),
    '',
    '--b--',
    '',
  ].join('\r\n');
const failed =
  'Final-Recipient: rfc822; anna@far.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 who';
const letter = 'Subject: away\r\n\r\nuntil Monday\r\n';

const addressAt = (at: number, recipient = 'anna@far.test'): string =>
  openBounceAddresses(settings, () => at).senderFor('owner@list.test', recipient, '+=');
const tagged = addressAt(NOW);

interface Case {
  readonly to?: string;
  readonly from?: string | null;
  readonly content?: string;
  readonly rule?: typeof suppress | null;
}

async function returned({ to = tagged, from = null, content = report(failed), rule = suppress }: Case) {
  const events: ReturnedEvent[] = [];
  const counted: string[] = [];
  const step = readingReturned({
    addresses: openBounceAddresses(settings, () => NOW),
    suppress: rule,
    suppressions: { note: ({ recipient, status }) => void counted.push(`${recipient.text} ${status}`) },
    onEvents: (list) => events.push(...list),
  });
  const said = await treat(incomingMessage(content, { role: 'mx', from, to: [to] }), noTerms, [step]);
  assert.equal(said.kind, 'treated');
  assert.deepEqual(
    said.recipients.map(({ mailbox }) => mailbox.text),
    [to],
    'it is delivered on',
  );
  assert.deepEqual([events, counted], [[], []], 'nothing is said before it is kept');
  said.whenKept?.();
  return { events, counted };
}

describe('what came back', () => {
  it('to an address of ours names the recipient, tells of him, and counts', async () => {
    const { events, counted } = await returned({});
    assert.deepEqual(events, [
      {
        event: 'returned',
        id: 'm1',
        at: new Date(NOW).toISOString(),
        from: '',
        to: tagged,
        mx: null,
        reply: null,
        attempt: 0,
        tls: null,
        nextAttemptAt: null,
        sender: 'owner@list.test',
        recipient: 'anna@far.test',
        proof: 'ours',
        action: 'failed',
        status: '5.1.1',
        diagnostic: '550 who',
        remoteMta: null,
        reportingMta: 'mx.test',
        envelopeId: null,
        counted: true,
      },
    ]);
    assert.deepEqual(counted, ['anna@far.test 5.1.1']);
  });

  it('about somebody behind an alias counts for whom we wrote to', async () => {
    const behind = report(failed.replace('anna@far.test', 'a.smith@inner.test'));
    assert.deepEqual((await returned({ content: behind })).counted, ['anna@far.test 5.1.1']);
  });

  const innocent: readonly [why: string, told: Case, proof: string, action: string | null][] = [
    ['a forged tag', { to: 'owner+anna=far.test+aaaaaaaaaa@list.test' }, 'forged', 'failed'],
    ['no tag', { to: 'owner+anna=far.test@list.test' }, 'untagged', 'failed'],
    ['a tag of last month', { to: addressAt(NOW - 30 * DAY) }, 'old', 'failed'],
    ['the tag of somebody else', { to: tagged.replace('anna', 'bert') }, 'forged', 'failed'],
    ['a sender, so that it is no notification', { from: 'anna@far.test' }, 'ours', 'failed'],
    ['no report', { content: letter }, 'ours', null],
    [
      'a delay',
      { content: report(failed.replace('failed', 'delayed').replace('5.1.1', '4.4.1')) },
      'ours',
      'delayed',
    ],
    ['a refusal of the content', { content: report(failed.replace('5.1.1', '5.7.1')) }, 'ours', 'failed'],
    [
      'no status but in the reply, which is about policy',
      { content: report(failed.replace('5.1.1', '5.0.0').replace('550 who', '550 5.7.1 no')) },
      'ours',
      'failed',
    ],
    [
      'no status, and a reply that is about the message',
      { content: report(failed.replace('5.1.1', '5.0.0').replace('550 who', '554 spam')) },
      'ours',
      'failed',
    ],
    [
      'a report about two others',
      { content: report(...['b@c.test', 'd@e.test'].map((one) => failed.replace('anna@far.test', one))) },
      'ours',
      null,
    ],
    ['a rule that suppresses nobody', { rule: null }, 'ours', 'failed'],
  ];
  for (const [why, told, proof, action] of innocent)
    it(`counts against nobody: it has ${why}`, async () => {
      const { events, counted } = await returned(told);
      assert.deepEqual(
        events.map((event) => [event.recipient?.slice(4), event.proof, event.action, event.counted]),
        [['@far.test', proof, action, false]],
      );
      assert.deepEqual(counted, []);
    });

  it('to the plain address is told of each recipient of its report, and counts against nobody', async () => {
    const { events, counted } = await returned({ to: 'owner@list.test', content: report(failed, failed) });
    assert.deepEqual(
      events.map(({ recipient, proof }) => [recipient, proof]),
      [
        ['anna@far.test', 'untagged'],
        ['anna@far.test', 'untagged'],
      ],
    );
    assert.deepEqual(counted, []);
  });

  it('to the plain address, and is a letter, is nothing to tell of', async () => {
    assert.deepEqual((await returned({ to: 'owner@list.test', content: letter })).events, []);
  });
});

describe('a message to many addresses of ours', () => {
  async function toldOf(to: readonly string[], content: string) {
    const events: ReturnedEvent[] = [];
    const counted: string[] = [];
    const step = readingReturned({
      addresses: openBounceAddresses(settings, () => NOW),
      suppress,
      suppressions: { note: ({ recipient }) => void counted.push(recipient.text) },
      onEvents: (list) => events.push(...list),
    });
    const said = await treat(incomingMessage(content, { role: 'mx', from: null, to }), noTerms, [step]);
    if (said.kind === 'treated') said.whenKept?.();
    return { events, counted };
  }

  it('counts a copy once, in whatever case and with whatever delimiters its address is named', async () => {
    const spellings = [
      tagged,
      tagged,
      tagged.toUpperCase(),
      tagged.replaceAll('+', '-'),
      tagged.replace('=', '-'),
    ];
    const { events, counted } = await toldOf(spellings, report(failed));
    assert.deepEqual(
      events.map(({ to }) => to),
      [tagged],
    );
    assert.deepEqual(counted, ['anna@far.test']);
    const both = [
      tagged.replace(/.@/, 'z@').replace('anna', 'bert'),
      addressAt(NOW, 'carl@far.test'),
      tagged,
    ];
    assert.deepEqual((await toldOf(both, report(failed))).events.length, 3);
  });

  it('raises no more than 100 events, whoever it names', async () => {
    const hundred = report(...Array.from({ length: 100 }, () => failed));
    const many = Array.from({ length: 1_000 }, (_, n) => `owner+u${n}=far.test@list.test`);
    assert.equal((await toldOf(many, hundred)).events.length, 100);
    const cases = Array.from(
      { length: 6 },
      (_, n) => `${'owner'.slice(0, n).toUpperCase()}${'owner'.slice(n)}`,
    );
    const plain = cases.map((local) => `${local}@list.test`);
    assert.equal((await toldOf(plain, hundred)).events.length, 100);
  });
});

describe('what hosts refuse us', () => {
  const bounced: DeliveryEvent = {
    event: 'bounced',
    id: 'm2',
    at: new Date(NOW).toISOString(),
    from: 'owner@list.test',
    to: 'anna@far.test',
    mx: null,
    reply: { code: 550, enhanced: '5.1.1', text: 'who' },
    attempt: 1,
    tls: null,
    nextAttemptAt: null,
  };
  const counted = (event: DeliveryEvent, rule: typeof suppress | null = suppress): readonly string[] => {
    const noted: string[] = [];
    noteOwnBounces(
      [event],
      { ...settings, suppress: rule },
      {
        note: ({ recipient, status, diagnostic }) =>
          void noted.push(`${recipient.text} ${status} ${diagnostic}`),
      },
    );
    return noted;
  };

  it('counts, also where the sender did not want to hear of it', () => {
    assert.deepEqual(counted(bounced), ['anna@far.test 5.1.1 550 who']);
    assert.deepEqual(counted({ ...bounced, event: 'dropped' }), ['anna@far.test 5.1.1 550 who']);
    const bare = { code: 550, enhanced: null, text: 'no' };
    assert.deepEqual(counted({ ...bounced, reply: bare }), ['anna@far.test 5.0.0 550 no']);
  });

  it('counts not where it is mail of others, no refusal, not for good, or about the message', () => {
    assert.deepEqual(counted({ ...bounced, from: 'anna@own.test' }), []);
    assert.deepEqual(counted({ ...bounced, reply: null }), []);
    assert.deepEqual(counted({ ...bounced, event: 'deferred' }), []);
    assert.deepEqual(counted({ ...bounced, reply: { code: 450, enhanced: '4.2.1', text: '' } }), []);
    assert.deepEqual(counted({ ...bounced, reply: { code: 550, enhanced: '5.7.1', text: '' } }), []);
    assert.deepEqual(counted({ ...bounced, reply: { code: 554, enhanced: null, text: 'spam' } }), []);
    assert.deepEqual(counted(bounced, null), []);
  });
});
