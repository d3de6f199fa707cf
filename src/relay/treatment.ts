/** What is done with a message that has come in whole, before it is kept, and what each step of that may say. */
import type { AuthenticationResult } from '../mail/authentication-results.ts';
import type { HeaderSection } from '../mail/headers.ts';
import type { MessageTerms } from '../names/message-terms.ts';
import type { Envelope, EnvelopeRecipient, Refusal } from '../protocols/smtp/server/state.ts';
import type { NewBody } from '../store/queue-store.ts';
import type { Submitter } from './arrival.ts';
import type { Letter } from './letters.ts';

/** A message that is about to be kept. */
export interface IncomingMessage {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly submitter: Submitter;
  readonly envelope: Envelope;
  /** The beginning of the content as it was sent, without our own fields: at least its first 128 KiB, or all of it. */
  readonly head: Uint8Array;
  /** Of `head`. */
  readonly section: HeaderSection;
  /**
   * As it will be kept, our Received field in front and without what was left out of the header section, before the steps
   * have added theirs; must not be changed.
   */
  readonly content: NewBody;
  /** Where in `content` the octet stands that is at `section.bodyStart` in `head`. */
  readonly bodyAt: number;
  /** Octets of the longest line as it was sent, CRLF not counted. */
  readonly longestLine: number;
}

/** Offsets in the beginning of the content as it was sent. */
export interface Span {
  readonly start: number;
  /** Just behind it. */
  readonly end: number;
}

/**
 * Says what of a header section is left out of what is kept: whole fields, in their order, none beyond
 * `section.bodyStart`.
 */
export type Omission = (submitter: Submitter, head: Uint8Array, section: HeaderSection) => readonly Span[];

/** All that one of them says, in order and without overlaps. */
export function leftOut(
  submitter: Submitter,
  head: Uint8Array,
  section: HeaderSection,
  omissions: readonly Omission[],
): readonly Span[] {
  if (omissions.length === 0) return [];
  const spans = omissions
    .flatMap((omission) => omission(submitter, head, section))
    .toSorted((a, b) => a.start - b.start);
  const apart: Span[] = [];
  for (const { start, end } of spans) {
    const from = Math.max(start, apart.at(-1)?.end ?? 0);
    if (end > from) apart.push({ start: from, end });
  }
  return apart;
}

/** What lies around the spans. */
export function without(bytes: Uint8Array, spans: readonly Span[]): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    if (start > at) kept.push(bytes.subarray(at, start));
    at = end;
  }
  kept.push(bytes.subarray(at));
  return kept;
}

/** What is known of the message by now; each step sees what those before it said. */
export interface Treated {
  readonly kind: 'treated';
  /** Header fields to go in front of all, each with its CRLF. */
  readonly fields: string;
  readonly terms: MessageTerms;
  /** Those of the message itself; there may be none where there are copies. */
  readonly recipients: readonly EnvelopeRecipient[];
  /** Aliases that lead to several mailboxes, and of which the sender wants to hear that mail has arrived. */
  readonly expanded: readonly EnvelopeRecipient[];
  /** Messages of their own that go out beside it. */
  readonly copies: readonly Letter[];
  /** Takes the place of the content; null: it stays as it is. */
  readonly content: Uint8Array | null;
  /** What was found out about who sent it; null: nobody looked. */
  readonly authentication: AuthenticationResult | null;
  /** Called once it is safe; absent: nobody waits for that. */
  readonly whenKept?: () => void;
}

type Said = Treated | ({ readonly kind: 'refused' } & Refusal);

/** One step. What it throws is an error of ours: the client is told to come again. */
export type Treatment = (message: IncomingMessage, before: Treated) => Said | Promise<Said>;

/** Takes the steps in their order, up to a refusal. */
export async function treat(
  message: IncomingMessage,
  terms: MessageTerms,
  steps: readonly Treatment[],
): Promise<Said> {
  let treated: Treated = {
    kind: 'treated',
    fields: '',
    terms,
    recipients: message.envelope.recipients,
    expanded: [],
    copies: [],
    content: null,
    authentication: null,
  };
  for (const step of steps) {
    const now = step(message, treated);
    // A step that needs nobody costs no turn.
    const said = now instanceof Promise ? await now : now;
    if (said.kind === 'refused') return said;
    treated = said;
  }
  return treated;
}
