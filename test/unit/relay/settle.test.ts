import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventTls } from '../../../src/events/delivery-event.ts';
import { noTerms, type TlsWish } from '../../../src/names/message-terms.ts';
import { noRecipientWishes, noSenderWishes, type RecipientWishes } from '../../../src/names/wishes.ts';
import type { OnBlocked } from '../../../src/policies/overrides/rule.ts';
import type { RecipientResult, Verdict } from '../../../src/relay/result.ts';
import { type Settled, settleRecipient } from '../../../src/relay/settle.ts';
import type { Claim } from '../../../src/store/queue-store.ts';

const HOUR = 3_600_000;
const schedule = {
  retryAfterMs: [1_000, 60_000],
  jitter: 0,
  giveUpAfterMs: 100 * HOUR,
  warnAfterMs: 4 * HOUR,
};
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
  readonly toldCause?: string;
  readonly onBlocked?: OnBlocked;
  /** When the sender was told of the hold. */
  readonly heldNoticeAt?: number;
  readonly by?: EventTls['by'];
  readonly wish?: TlsWish;
  readonly trace?: string;
  readonly tellOutcome?: boolean;
}

function settle({ verdict, reply = null, notify = null, sender = 'a@origin.test', ...rest }: Case): Settled {
  const {
    ageMs = 0,
    blockedBecause = null,
    toldCause = null,
    onBlocked = 'hold',
    heldNoticeAt = null,
  } = rest;
  const { by = 'sts', wish = null, trace = null, tellOutcome = false } = rest;
  const wishes = { ...noRecipientWishes, notify };
  const recipient = { address: 'bob@far.test', wishes, attempts: 2, blockedBecause, toldCause };
  const properties = { size: 1, eightBit: false, longestLine: 1, hops: 0, needsUtf8: false };
  const message = {
    id: 'm1',
    receivedAt: 0,
    sender,
    wishes: noSenderWishes,
    terms: { ...noTerms, tls: wish, trace, tellOutcome },
    properties,
    warnedAt: null,
    heldNoticeAt,
    release: null,
  };
  const claim: Claim = { fence: 7, destination: 'far.test', message, recipients: [recipient] };
  const result: RecipientResult = {
    address: recipient.address,
    verdict,
    mx: null,
    reply,
    tls: { ...tls, by },
  };
  const world = { now: () => ageMs, random: () => 0 };
  const holding = { onBlocked, noticeAfterMs: HOUR };
  return settleRecipient({ claim, recipient, result, transcript: ['S: no'], schedule, holding, world });
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
    ['blocked, to be returned', { verdict: blocked, onBlocked: 'bounce' }, 'bounced', ['blocked', 'bounced']],
    [
      'blocked, to be returned, by a cause that is known',
      { verdict: blocked, onBlocked: 'bounce', blockedBecause: 'certificate-expired' },
      'bounced',
      ['bounced'],
    ],
    ['blocked, to be dropped', { verdict: blocked, onBlocked: 'drop' }, 'bounced', ['blocked', 'dropped']],
    [
      'not reached, where blocked mail is returned',
      { verdict: failed, onBlocked: 'bounce' },
      'waiting',
      ['deferred'],
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
    ['given up for want of TLS', { verdict: blocked, ageMs: 100 * HOUR }, 'failed 5.7.1'],
  ];
  for (const [why, given, expected] of cases) {
    it(why, () => {
      const { news } = settle(given);
      assert.equal(news === null ? null : `${news.kind} ${news.status}`, expected);
    });
  }
});

describe('a sender who wants to be told how the message travelled', () => {
  const told = (given: Case): string | undefined => settle({ ...given, tellOutcome: true }).news?.kind;
  const delivered = (tells: 'host' | 'relayed' | 'delivered'): Verdict => ({ kind: 'delivered', tells });
  for (const notify of [null, [], ['failure']] as const)
    it(`hears of success, delay and failure, whatever NOTIFY says (${JSON.stringify(notify)})`, () => {
      assert.equal(told({ verdict: delivered('relayed'), notify }), 'relayed');
      assert.equal(told({ verdict: delivered('delivered'), notify }), 'delivered');
      assert.equal(told({ verdict: failed, notify, ageMs: 4 * HOUR }), 'delayed');
      assert.equal(told({ verdict: refused, notify }), 'failed');
    });

  it('hears it from us also where the next host tells of success: it cannot know', () => {
    assert.equal(told({ verdict: delivered('host') }), 'relayed');
    assert.equal(settle({ verdict: delivered('host'), notify: ['success'] }).news, null);
  });

  it('is nobody where the sender is null', () => {
    assert.equal(told({ verdict: delivered('host'), sender: '' }), undefined);
    assert.equal(told({ verdict: refused, sender: '' }), undefined);
  });
});

describe('the word about mail that is held for want of TLS', () => {
  const held = (parts: Partial<Case> = {}): Settled => settle({ verdict: blocked, ageMs: HOUR, ...parts });

  it('comes once, at its time, as a delay that says who requires what, what has to be mended, and until when', () => {
    assert.equal(held({ ageMs: HOUR - 1 }).news, null);
    const { news } = held();
    assert.deepEqual([news?.kind, news?.isHold, news?.status], ['delayed', true, '4.4.7']);
    assert.match(
      news?.because ?? '',
      /^The message is held\. The published policy of the recipient's domain \(MTA-STS\)/,
    );
    assert.match(news?.because ?? '', /has to renew its certificate/);
    assert.match(news?.because ?? '', /returned to you if it is not by 1970-01-05T04:00:00\.000Z/);
    assert.equal(held({ heldNoticeAt: HOUR }).news, null);
  });

  it('is only for mail that is held, and only where a delay may be told', () => {
    assert.equal(held({ verdict: failed }).news, null);
    assert.equal(held({ notify: ['failure'] }).news, null);
    assert.equal(held({ sender: '' }).news, null);
    assert.equal(held({ onBlocked: 'drop' }).news, null);
  });

  it('does: whoever knows why it is held hears no second time that it is late, unless the reason is another', () => {
    const late = { ageMs: 4 * HOUR, heldNoticeAt: HOUR } as const;
    assert.equal(held({ ...late, toldCause: 'certificate-expired' }).news, null);
    for (const told of [{ toldCause: 'starttls-not-supported' }, {}]) {
      const { news } = held({ ...late, ...told });
      assert.deepEqual([news?.kind, news?.isHold], ['delayed', undefined]);
    }
  });

  it('says nothing of a host that is out of reach later: that is another reason to be late', () => {
    const later = held({
      verdict: failed,
      ageMs: 4 * HOUR,
      heldNoticeAt: HOUR,
      toldCause: 'certificate-expired',
    });
    assert.equal(later.news?.kind, 'delayed');
  });

  it('does not wait for the next attempt', () => {
    const at = (parts: Partial<Case>): number | null => {
      const { delivery } = held(parts).settlement;
      return delivery.kind === 'held' ? delivery.notBefore : null;
    };
    assert.equal(at({ ageMs: HOUR - 10 }), HOUR);
    assert.equal(at({ ageMs: HOUR - 60_001 }), HOUR - 1);
    assert.equal(at({ ageMs: HOUR - 10, heldNoticeAt: 5 }), HOUR - 10 + 60_000);
  });
});

describe('mail that is returned for want of TLS', () => {
  const codes: readonly (readonly [string, Partial<Case>, string])[] = [
    ['there is no STARTTLS', { verdict: { ...blocked, cause: 'starttls-not-supported' } }, '5.7.10'],
    [
      'the message has REQUIRETLS, whoever asks for as much',
      { by: 'override', wish: 'requiretls' },
      '5.7.10',
    ],
    ['the message asks for it otherwise', { by: 'message', wish: 'authenticate' }, '5.7.1'],
    [
      'no host was asked, as the policy forbids all',
      { verdict: { ...blocked, cause: 'validation-failure' } },
      '5.7.1',
    ],
    ['its time was over', { onBlocked: 'hold', ageMs: 100 * HOUR }, '5.7.1'],
  ];
  for (const [why, parts, status] of codes) {
    it(`${why}: ${status}`, () => {
      const { news } = settle({ verdict: blocked, onBlocked: 'bounce', ...parts });
      assert.deepEqual([news?.kind, news?.status], ['failed', status]);
      assert.match(
        news?.because ?? '',
        /^expired\. .* requires a TLS connection\. The mail server of the recipient has to /,
      );
    });
  }

  it('hands the trace of the message on with its events', () => {
    const { events } = settle({ verdict: failed, trace: '00-aa-bb-01' }).settlement;
    assert.deepEqual(
      events.map(({ trace }) => trace),
      ['00-aa-bb-01'],
    );
  });
});
