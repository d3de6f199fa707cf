import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes, noSenderWishes } from '../../../src/names/wishes.ts';
import type { Release } from '../../../src/policies/overrides/release.ts';
import { nothingRuled, type OnBlocked } from '../../../src/policies/overrides/rule.ts';
import { endingFor, sortedFrom } from '../../../src/relay/on-blocked.ts';
import type { Verdict } from '../../../src/relay/result.ts';
import type { QueueSettings } from '../../../src/relay/settings.ts';
import { tlsUntried } from '../../../src/relay/tls-verdict.ts';
import type { Claim } from '../../../src/store/queue-store.ts';
import { routeOf } from '../../support/destinations.ts';

const blocked: Verdict = { kind: 'blocked', cause: 'certificate-expired', because: 'expired' };
const failed: Verdict = { kind: 'failed', because: 'no answer' };
const recipients = ['a@far.test', 'b@far.test'].map((address) => ({ address, wishes: noRecipientWishes }));

function claim(release: Release | null = null): Claim {
  const properties = { size: 1, eightBit: false, longestLine: 1, hops: 0, needsUtf8: false };
  return {
    fence: 1,
    destination: 'far.test',
    message: {
      id: 'm',
      receivedAt: 0,
      sender: '',
      wishes: noSenderWishes,
      terms: noTerms,
      properties,
      warnedAt: null,
      heldNoticeAt: null,
      release,
    },
    recipients: recipients.map((one) => ({ ...one, attempts: 0, blockedBecause: null, toldCause: null })),
  };
}

interface Case {
  readonly verdicts?: readonly Verdict[];
  readonly general?: OnBlocked;
  readonly route?: OnBlocked | null;
  readonly rule?: OnBlocked | null;
  readonly ageMs?: number;
}

/** Those who get one more attempt. */
function ending({
  verdicts = [blocked, failed],
  general = 'hold',
  route = null,
  rule = null,
  ageMs = 0,
}: Case) {
  const settings: QueueSettings = {
    schedule: { retryAfterMs: [1], jitter: 0, giveUpAfterMs: 1_000, warnAfterMs: 1_000 },
    holds: { onBlocked: general, noticeAfterMs: 1, probeAfterMs: [1] },
    keepFinalMs: 1,
    connections: 1,
    connectionsPerDestination: 1,
    connectionsPerHost: null,
    connectionsPerSecond: 10_000,
    messagesPerMinute: null,
  };
  const course = {
    domain: { kind: 'literal', address: '192.0.2.1' },
    route: routeOf({ onBlocked: route }),
    ruled: { ...nothingRuled, onBlocked: rule },
    release: null,
  } as const;
  const results = recipients.map(({ address }, index) => {
    const verdict = verdicts[index] ?? blocked;
    return {
      address,
      verdict,
      mx: null,
      reply: null,
      tls: tlsUntried({ requires: 'encrypt', by: 'sts' }, ''),
    };
  });
  const attempted = { recipients: results, reached: { kind: 'host' }, transcript: [] } as const;
  const world = { now: () => ageMs, random: () => 0 };
  return endingFor(claim(), { course, recipients }, attempted, settings, world).map(({ address }) => address);
}

describe('RFC 8461 §5: before mail is given up for want of TLS it is tried once more, asked anew', () => {
  const cases: readonly (readonly [string, Case, readonly string[]])[] = [
    ['it is held, and its time is not over', {}, []],
    ['it is held, and its time is over', { ageMs: 1_000 }, ['a@far.test']],
    ['it is to be returned: those who are blocked, and nobody else', { general: 'bounce' }, ['a@far.test']],
    ['it is to be dropped', { general: 'drop' }, ['a@far.test']],
    ['nobody is blocked', { general: 'bounce', verdicts: [failed, failed], ageMs: 1_000 }, []],
    ['the route says it', { route: 'bounce' }, ['a@far.test']],
    ['the route stands before the general word', { general: 'bounce', route: 'hold' }, []],
    ['a rule stands before the route', { route: 'hold', rule: 'drop' }, ['a@far.test']],
    ['a rule that holds stands before the route, too', { route: 'drop', rule: 'hold' }, []],
  ];
  for (const [why, given, expected] of cases) it(why, () => assert.deepEqual(ending(given), expected));
});

describe('what an operator said of one message', () => {
  const release: Release = { level: 'may', until: 100, reason: 'told by phone', setAt: 0 };

  it('counts until its time, and not at it', () => {
    const at = (now: number): Release | null =>
      sortedFrom(claim(release), { now: () => now, random: () => 0 }).release;
    assert.equal(at(99), release);
    assert.equal(at(100), null);
    assert.equal(sortedFrom(claim(), { now: () => 0, random: () => 0 }).release, null);
  });
});
