/**
 * Steps that visits in several dialects have in common: how TLS comes up, what a no means, how one takes leave.
 *
 * RFC 8314 §3 (TLS at once), RFC 2595 §2 (STARTTLS of lines); each dialect names its own.
 */
import type { AnswerSeen, Greeting, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel, Secured } from '../../wire/channel.ts';
import { LostError, PeerError, printable } from '../../wire/dialogue.ts';
import type { VisitDraft, VisitRequest } from '../visit.ts';

/** Of what a server says, in characters and lines: evidence, which people read. */
const MAX_TEXT = 400;
const MAX_LINES = 40;
const MAX_OFFERS = 400;

export const withoutTls: VisitEnd = { kind: 'without-tls' };
export const complete: VisitEnd = { kind: 'complete' };

/** An answer of a server. @param text as it came. */
export function answer(positive: boolean, text: string, code: number | null = null): AnswerSeen {
  return { code, positive, text: printable(text.slice(0, MAX_TEXT)) };
}

/** A greeting that is there to its last octet. @param began when the connection was there, by the clock of the request. */
export function greeting(
  { clock }: VisitRequest,
  began: number,
  lines: readonly string[],
  code: number | null = null,
): Greeting {
  return { ms: since(clock, began), lines: shown(lines, MAX_LINES), code };
}

/** Offers, word for word. */
export function offers(words: readonly string[]): readonly string[] {
  return shown(words, MAX_OFFERS);
}

function shown(lines: readonly string[], most: number): readonly string[] {
  return lines.slice(0, most).map((line) => printable(line.slice(0, MAX_TEXT)));
}

function since(clock: () => number, began: number): number {
  return Math.round(clock() - began);
}

/** Whether a list has this word, whatever its case. */
export function has(words: readonly string[], word: string): boolean {
  return words.some((one) => one.toUpperCase() === word);
}

/** Begins with TLS where that is the way. @returns false where there is none, which the draft then says. */
export function* tlsAtOnce(
  channel: Channel,
  { tls, clock }: VisitRequest,
  draft: VisitDraft,
  began: number,
): Talk<boolean> {
  if (tls !== 'implicit') return true;
  draft.step = 'handshake';
  const secured = yield* channel.beginTls();
  if (!note(draft, secured, since(clock, began))) return false;
  draft.upgrade = { kind: 'implicit' };
  return true;
}

/**
 * Brings TLS up behind the go-ahead.
 *
 * @param began when STARTTLS was said.
 * @returns false where there is none, which the draft then says.
 * @throws PeerError `injected` for plaintext in its way.
 */
export function* handshake(
  channel: Channel,
  { clock }: VisitRequest,
  draft: VisitDraft,
  began: number,
): Talk<boolean> {
  draft.step = 'handshake';
  return note(draft, yield* channel.startTls(), since(clock, began));
}

function note(draft: VisitDraft, secured: Secured, ms: number): boolean {
  if (secured.kind === 'failed') {
    const { because, alert, closed = false } = secured;
    draft.upgrade = {
      kind: 'handshake-failed',
      because: printable(because),
      alert: alert ?? null,
      closed,
      ms,
    };
    return false;
  }
  draft.upgrade = { kind: 'secured', ms };
  draft.tls = secured.facts;
  return true;
}

/** Reads the answer to STARTTLS. @throws PeerError for what is no answer to it, which the draft then says. */
export function* goAhead<Answer>(draft: VisitDraft, reading: Talk<Answer>): Talk<Answer> {
  try {
    return yield* reading;
  } catch (error) {
    // A server that leaves has not answered.
    if (error instanceof PeerError && error.code !== 'closed')
      draft.upgrade = { kind: 'bad-answer', because: printable(error.message.slice(0, MAX_TEXT)) };
    throw error;
  }
}

/** Takes leave. What came of the visit is known by then, so that a server that is gone already changes nothing. */
export function* leave(draft: VisitDraft, goodbye: Talk<void>, end: VisitEnd): Talk<VisitEnd> {
  draft.step = 'goodbye';
  yield* politely(goodbye);
  return end;
}

/** At a goodbye whatever is unread is of no interest any more. */
export const ANYTHING = /^[^]*$/;

/** Says a goodbye that is owed, whatever comes of it. */
export function* politely(goodbye: Talk<void>): Talk<void> {
  try {
    yield* goodbye;
  } catch (error) {
    if (!(error instanceof PeerError || error instanceof LostError)) throw error;
  }
}

/** How servers say in words that there is too much of us; most of these protocols have no code for it. */
const BUSY =
  /\btoo (?:many|often|fast)\b|\b(?:try|come back)(?: again)? (?:later|in)\b|\brate[- ]limit|\bmaximum number\b|\b(?:busy|overload)/i;
const UNWANTED =
  /\b(?:blocked|banned|blacklisted|blocklisted|denied)\b|\bnot (?:allowed|permitted|authori[sz]ed|welcome)\b|\bno permission\b/i;

/** A no to being there at all. @param how where a code of the protocol says it; otherwise the words of the server do. */
export function turnedAway(
  at: 'greeting' | 'hello' | 'inside',
  said: AnswerSeen,
  how?: 'throttled' | 'blocked',
): VisitEnd {
  const kind = how ?? (BUSY.test(said.text) ? 'throttled' : UNWANTED.test(said.text) ? 'blocked' : 'refused');
  return { kind, at, answer: said };
}

/** A no to STARTTLS in a probe, which nothing can be concluded from. */
export function refusedProbe(said: AnswerSeen): VisitEnd {
  return { kind: 'refused', at: 'probe', answer: said };
}

/** What came of a command that was said behind STARTTLS, in the same segment. */
export function injected(answered: InjectionSeen['answered']): InjectionSeen {
  return { answered, transcript: [] };
}

/**
 * The handshake of a probe that has said more than STARTTLS.
 *
 * `never`: it failed, as it does where a server takes what follows for TLS (RFC 9051 §6.2.1), so that nothing can be
 * answered any more; some say in clear that it has (vsftpd, MariaDB). `clear`: what followed was answered there.
 *
 * @param expected how the answer to what followed begins (latin1), of which the first octets may be all that is seen; null where
 * it cannot be told from other things that a server says. Without it anything is one.
 */
export function* handshakeBehindMore(
  channel: Channel,
  expected: string | null = '',
): Talk<'secured' | 'never' | 'clear'> {
  try {
    const secured = yield* channel.startTls();
    return secured.kind === 'secured' ? 'secured' : 'never';
  } catch (error) {
    if (!(error instanceof PeerError) || error.code !== 'injected') throw error;
    const said = Buffer.from(error.evidence).toString('latin1');
    return expected !== null && (expected === '' || isBeginning(said, expected)) ? 'clear' : 'never';
  }
}

function isBeginning(said: string, expected: string): boolean {
  return said.startsWith(expected) || (said !== '' && expected.startsWith(said));
}
