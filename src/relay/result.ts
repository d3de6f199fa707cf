/** What became of a recipient in one attempt. */
import type { EventReply, EventTls } from '../events/delivery-event.ts';
import { describeReply, type Reply, severity } from '../protocols/smtp/reply.ts';
import type { Reached } from './pace.ts';
import { eventReply } from './tls-verdict.ts';

export type Verdict =
  /**
   * `tells`: who owes the sender a word of the success (RFC 3461 §5.2): the host, where it took the duty over, else we:
   * that we `relayed` it, or, of an LMTP backend's yes, that it is `delivered`.
   */
  | { readonly kind: 'delivered'; readonly tells: 'host' | 'relayed' | 'delivered' }
  /**
   * For now; tried again. `turnedAway`: the host takes nothing from us for now, whatever it is: it refused the session,
   * or closed it (421) before it looked at the message.
   */
  | { readonly kind: 'failed'; readonly because: string; readonly turnedAway?: true }
  /** The required TLS could not be had. `cause` is the same for the same obstacle; `promoted`: only a promoted level asks for it. */
  | { readonly kind: 'blocked'; readonly cause: string; readonly because: string; readonly promoted?: true }
  /** For good. `status` is an enhanced code of class 5. */
  | { readonly kind: 'refused'; readonly status: string; readonly because: string };

/** The host that was asked. */
export interface Asked {
  readonly host: string;
  readonly address: string | null;
  readonly port: number;
}

/** A result, whoever the recipient is. */
export interface Result {
  readonly verdict: Verdict;
  readonly mx: Asked | null;
  readonly reply: EventReply | null;
  readonly tls: EventTls;
}

export interface RecipientResult extends Result {
  readonly address: string;
}

export interface AttemptResult {
  /** One for each recipient. */
  readonly recipients: readonly RecipientResult[];
  readonly reached: Reached;
  /** What was said where something was not delivered, of every connection of this attempt. */
  readonly transcript: readonly string[];
}

/** The same for everybody. */
export function forAll(
  recipients: readonly { readonly address: string }[],
  result: Result,
): RecipientResult[] {
  return recipients.map(({ address }) => ({ address, ...result }));
}

/** What a host's no means: for good where its reply says so. */
export function refusedAt(at: string, host: string, reply: Reply): Pick<Result, 'verdict' | 'reply'> {
  const told = eventReply(reply);
  const because = `${host} refused at ${at}: ${describeReply(reply)}`;
  if (severity(reply) === 'permanent') {
    return { verdict: { kind: 'refused', status: told.enhanced ?? '5.0.0', because }, reply: told };
  }
  const turnedAway = at === 'MAIL' && reply.code === 421;
  return { verdict: { kind: 'failed', because, ...(turnedAway ? { turnedAway } : {}) }, reply: told };
}
