/** The TLS part of a result: what was required, what was reached, and the evidence. */
import { createHash } from 'node:crypto';
import type { EventReply, EventTls } from '../events/delivery-event.ts';
import type { Decision } from '../policies/decide.ts';
import type { Proof } from '../policies/judge.ts';
import type { OpenOutcome } from '../protocols/smtp/client/open.ts';
import { maskedStartTls, type Offers } from '../protocols/smtp/offers.ts';
import { describeReply, type Reply } from '../protocols/smtp/reply.ts';
import type { TlsFailureReason } from '../tls/failure.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';

/** What was to be reached, and by whose word. */
export type Demanded = Pick<Decision, 'requires' | 'by'>;

/** Nothing was reached: no session came to be. */
export function tlsUntried(decision: Demanded, because: string): EventTls {
  return {
    outcome: null,
    required: decision.requires,
    by: decision.by,
    because,
    version: null,
    cipher: null,
    group: null,
    certificateSha256: null,
    peerName: null,
    tlsa: null,
  };
}

/** What a session that stands has shown. */
interface Shown {
  /** Both are undefined in clear. */
  readonly facts: TlsFacts | undefined;
  readonly proof: Proof | undefined;
  readonly offers: Offers;
  /** Why TLS began with a small ClientHello; null: it did not. */
  readonly smallHello: string | null;
}

/**
 * The verdict for all that travels in one session; made once, as it takes a hash.
 *
 * @param fallback why the session is in clear although TLS was wanted; null where it is as decided.
 */
export function tlsOfSession(
  decision: Decision,
  { facts, proof, offers, smallHello }: Shown,
  fallback: string | null,
): EventTls {
  if (facts === undefined || proof === undefined) {
    return { ...tlsUntried(decision, clearBecause(decision, offers, fallback)), outcome: 'cleartext' };
  }
  const reached = smallHello === null ? proof.because : `${proof.because}; ${smallHello}`;
  return {
    ...tlsUntried(decision, underWord(decision, reached)),
    ...seen(facts),
    outcome: proof.kind,
    peerName: proof.kind === 'authenticated' ? proof.peerName : null,
    tlsa: proof.tlsa,
  };
}

/** How it came that TLS could not be had, for a session that ended before any mail. */
export type TlsObstacle = Extract<
  OpenOutcome<Proof>,
  { kind: 'notOffered' | 'startTlsRefused' | 'tlsFailed' | 'unacceptable' }
>;

export interface ObstacleVerdict {
  readonly tls: EventTls;
  /** Stable: the same for the same kind of obstacle at the same host. */
  readonly cause: TlsFailureReason;
  readonly reply: EventReply | null;
}

export function tlsOfObstacle(decision: Decision, obstacle: TlsObstacle, host: string): ObstacleVerdict {
  switch (obstacle.kind) {
    case 'notOffered':
      return {
        tls: tlsUntried(decision, notOffered(host, obstacle.offers)),
        cause: 'starttls-not-supported',
        reply: null,
      };
    case 'startTlsRefused': {
      const because = `${host} offered STARTTLS and refused it: ${describeReply(obstacle.reply)}`;
      return {
        tls: tlsUntried(decision, because),
        cause: 'starttls-not-supported',
        reply: eventReply(obstacle.reply),
      };
    }
    case 'tlsFailed': {
      const because = `the TLS handshake with ${host} failed: ${obstacle.because}`;
      return { tls: tlsUntried(decision, because), cause: 'validation-failure', reply: null };
    }
    case 'unacceptable': {
      const { proof, facts } = obstacle;
      const cause = proof.kind === 'encrypted' ? proof.reason : 'validation-failure';
      return {
        tls: { ...tlsUntried(decision, `${host}: ${proof.because}`), ...seen(facts) },
        cause,
        reply: null,
      };
    }
  }
}

/** Enough to understand a reply; it is kept for every recipient. */
const MAX_EVENT_TEXT = 1_000;

/** A reply as events carry it. */
export function eventReply(reply: Reply): EventReply {
  const text = reply.lines.join(' ').slice(0, MAX_EVENT_TEXT);
  return { code: reply.code, enhanced: reply.enhanced, text };
}

function clearBecause(decision: Decision, offers: Offers, fallback: string | null): string {
  if (decision.tryTls === 'no') return decision.because;
  if (fallback !== null) return underWord(decision, `sent in clear on a fresh connection: ${fallback}`);
  return underWord(decision, notOffered('the peer', offers));
}

/** Whoever reads how mail travelled sees that an operator made an exception, and why. */
function underWord({ overridden, because }: Decision, reached: string): string {
  return overridden === true ? `${because}; ${reached}` : reached;
}

function notOffered(host: string, offers: Offers): string {
  const masked = maskedStartTls(offers);
  if (masked === undefined) return `${host} does not offer STARTTLS`;
  return `${host} does not offer STARTTLS; the keyword ${masked} looks like one that a middlebox wrote over it`;
}

function seen(facts: TlsFacts): Pick<EventTls, 'version' | 'cipher' | 'group' | 'certificateSha256'> {
  const [leaf] = facts.chain;
  return {
    version: facts.version,
    cipher: facts.cipher,
    group: facts.group,
    certificateSha256: leaf === undefined ? null : createHash('sha256').update(leaf).digest('hex'),
  };
}
