import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventTls } from '../../../src/events/delivery-event.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes, noSenderWishes, type RecipientWishes } from '../../../src/names/wishes.ts';
import type { RecipientResult, Verdict } from '../../../src/relay/result.ts';
import { type Settled, settleRecipient } from '../../../src/relay/settle.ts';
import type { Claim } from '../../../src/store/queue-store.ts';

const HOUR = 3_600_000;
const schedule = { retryAfterMs: [60_000], jitter: 0, giveUpAfterMs: 100 * HOUR, warnAfterMs: 4 * HOUR };
const tls: EventTls = {
  outcome: null,
  required: 'none',
  by: 'default',
  because: 'nothing was tried',
  version: null,
  cipher: null,
  group: null,
  certificateSha256: null,
  peerName: null,
  tlsa: null,
};

interface Case {
  readonly verdict: Verdict;
  readonly reply?: RecipientResult['reply'];
  readonly notify?: RecipientWishes['notify'];
  readonly sender?: string;
  readonly ageMs?: number;
  readonly blockedBecause?: string;
}

function settle({ verdict, reply = null, notify = null, sender = 'a@origin.test', ...rest }: Case): Settled {
  const { ageMs = 0, blockedBecause = null } = rest;
  const wishes = { ...noRecipientWishes, notify };
  const recipient = { address: 'bob@far.test', wishes, attempts: 2, blockedBecause };
  const properties = { size: 1, eightBit: false, longestLine: 1, hops: 0, needsUtf8: false };
  const message = {
    id: 'm1',
    receivedAt: 0,
    sender,
    wishes: noSenderWishes,
    terms: noTerms,
    properties,
    warnedAt: null,
    heldNoticeAt: null,
    release: null,
  };
  const claim: Claim = { fence: 7, destination: 'far.test', message, recipients: [recipient] };
  const result: RecipientResult = { address: recipient.address, verdict, mx: null, reply, tls };
  const world = { now: () => ageMs, random: () => 0 };
  return settleRecipient(claim, recipient, result, ['S: no'], schedule, world);
}

const failed: Verdict = { kind: 'failed', because: 'no answer' };
const refused: Verdict = { kind: 'refused', status: '5.1.1', because: 'nobody here' };
const blocked: Verdict = { kind: 'blocked', cause: 'certificate-expired', because: 'expired' };
const relayed: Verdict = { kind: 'delivered', tells: 'relayed' };
const transient = (enhanced: string | null) => ({ code: 451, enhanced, text: 'later' });

describe('what becomes of a recipient', () => {
  const cases: readonly (readonly [string, Case, string, readonly string[]])[] = [
    ['delivered', { verdict: relayed }, 'delivered', ['delivered']],
    ['refused', { verdict: refused }, 'bounced', ['bounced']],
    ['failed', { verdict: failed }, 'waiting', ['deferred']],
    ['failed when its time is over', { verdict: failed, ageMs: 100 * HOUR }, 'bounced', ['bounced']],
    ['blocked', { verdict: blocked }, 'held', ['blocked', 'held']],
    [
      'blocked by the same cause again',
      { verdict: blocked, blockedBecause: 'certificate-expired' },
      'held',
      [],
    ],
    [
      'blocked until its time was over',
      { verdict: blocked, ageMs: 100 * HOUR },
      'bounced',
      ['blocked', 'bounced'],
    ],
    ['refused, from the null sender', { verdict: refused, sender: '' }, 'bounced', ['dropped']],
    ['refused, and nobody is to be told', { verdict: refused, notify: [] }, 'bounced', ['dropped']],
    [
      'refused, and only success was asked for',
      { verdict: refused, notify: ['success'] },
      'bounced',
      ['dropped'],
    ],
  ];
  for (const [why, given, state, events] of cases) {
    it(why, () => {
      const { settlement } = settle(given);
      assert.equal(settlement.delivery.kind, state);
      assert.deepEqual(
        settlement.events.map(({ event }) => event),
        events,
      );
      assert.equal(settlement.transcript === null, state === 'delivered');
    });
  }

  it('keeps the cause of a block while another failure is in the way', () => {
    assert.equal(settle({ verdict: failed, blockedBecause: 'x' }).settlement.blockedBecause, 'x');
    assert.equal(settle({ verdict: blocked }).settlement.blockedBecause, 'certificate-expired');
    assert.equal(settle({ verdict: relayed, blockedBecause: 'x' }).settlement.blockedBecause, null);
  });
});

describe('what the sender is told (RFC 3461 §4.1, §5.2)', () => {
  const late = { verdict: failed, ageMs: 4 * HOUR };
  const success: Case = { verdict: relayed, notify: ['success'] };
  const cases: readonly (readonly [string, Case, string | null])[] = [
    ['nothing said: failure', { verdict: refused }, 'failed 5.1.1'],
    ['nothing said: delay', late, 'delayed 4.4.7'],
    ['nothing said: no word of success', { verdict: relayed }, null],
    ['NEVER: no failure', { verdict: refused, notify: [] }, null],
    ['NEVER: no delay', { ...late, notify: [] }, null],
    ['NEVER: no success', { verdict: relayed, notify: [] }, null],
    ['FAILURE: failure', { verdict: refused, notify: ['failure'] }, 'failed 5.1.1'],
    ['FAILURE: no delay', { ...late, notify: ['failure'] }, null],
    ['DELAY: delay', { ...late, notify: ['delay'] }, 'delayed 4.4.7'],
    ['DELAY: not before it is late', { verdict: failed, notify: ['delay'], ageMs: 4 * HOUR - 1 }, null],
    ['DELAY: held for want of TLS is late too', { verdict: blocked, ageMs: 4 * HOUR }, 'delayed 4.4.7'],
    ['a delay has the status of the last reply', { ...late, reply: transient('4.2.1') }, 'delayed 4.2.1'],
    ['a delay without an enhanced status has ours', { ...late, reply: transient(null) }, 'delayed 4.4.7'],
    ['SUCCESS: passed on to a host without DSN', success, 'relayed 2.0.0'],
    [
      'SUCCESS: in the mailbox',
      {
        ...success,
        verdict: { kind: 'delivered', tells: 'delivered' },
        reply: { code: 250, enhanced: '2.1.5', text: '' },
      },
      'delivered 2.1.5',
    ],
    [
      'SUCCESS: the next host took the duty over',
      { ...success, verdict: { kind: 'delivered', tells: 'host' } },
      null,
    ],
    ['the null sender is told nothing: failure', { verdict: refused, sender: '' }, null],
    ['the null sender is told nothing: delay', { ...late, sender: '' }, null],
    ['the null sender is told nothing: success', { ...success, sender: '' }, null],
    ['given up: the time is over', { verdict: failed, ageMs: 100 * HOUR }, 'failed 5.4.7'],
    ['given up for want of TLS', { verdict: blocked, ageMs: 100 * HOUR }, 'failed 5.4.7'],
  ];
  for (const [why, given, expected] of cases) {
    it(why, () => {
      const { news } = settle(given);
      assert.equal(news === null ? null : `${news.kind} ${news.status}`, expected);
    });
  }
});
