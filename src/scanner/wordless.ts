/**
 * Connections that are closed behind a hello without a word. RFC 8446 §6.2 and RFC 5246 §7.2.2 want an alert, and there are servers
 * that close all the same; but so does whatever stands before a server and has had enough of us, and that has read nothing. So a close
 * is a no only where a later hello is answered.
 */
import type { HelloSeen } from '../findings/hello-seen.ts';
import type { BrokenOffBy, HandshakeSeen, Probed, Probes, Visit, VisitEnd } from '../findings/observation.ts';
import type { Knocking, NotTested, Question } from './probes.ts';

/** `answer`: octets of TLS, an alert included; `nothing`: a close without any. */
export type Heard = 'answer' | 'nothing';

export interface Doubts {
  /** What was closed at without a word since the last answer. */
  closed: readonly Question[];
  /** Asks once more what was answered last; undefined where nothing was yet. */
  again: Again | undefined;
}

type Again = () => Promise<{ readonly heard: Heard | undefined; readonly end: VisitEnd }>;

/** So many closes, one after the other, and it is time to see whether there is anybody. */
const MOST_CLOSES = 3;

export function doubtsAfter(base: Visit, knocking: Knocking): Doubts {
  const again: Again = async () => {
    const { tls, end } = await knocking.visit({});
    return { heard: tls === null ? undefined : 'answer', end };
  };
  return { closed: [], again: base.tls === null ? undefined : again };
}

/**
 * Notes what came of a question.
 *
 * @param before what was known when it was asked.
 */
export function hear(
  doubts: Doubts,
  question: Question,
  answered: Probes,
  before: Probes,
  knocking: Knocking,
): void {
  const heard = heardIn(answered);
  if (heard === 'nothing') doubts.closed = [...doubts.closed, question];
  if (heard !== 'answer') return;
  doubts.closed = [];
  doubts.again = async () => {
    const { probes, end } = await question.ask(knocking, before);
    return { heard: heardIn(probes), end };
  };
}

/**
 * Whether it is time to ask again what was answered: there were several closes, or this is the last connection.
 *
 * @param left connections that there may be.
 * @param next what would be asked otherwise; undefined: nothing more.
 */
export function isInDoubt({ closed, again }: Doubts, left: number, next: Question | undefined): boolean {
  if (closed.length === 0 || again === undefined || next?.isSure === true) return false;
  const isLast = next === undefined || (left === 1 && next.isExtra === true);
  return isLast || closed.length >= MOST_CLOSES;
}

/** What was asked, without the closes that nothing came behind. */
export function withoutClosed(probes: Probes, { closed }: Doubts, end: VisitEnd): Probes {
  return closed.reduce((known, question) => {
    const { hello, ...others } = question.unasked(nobodyThere(end), known);
    return { ...known, ...others, ...(hello === undefined ? {} : { hello: { ...known.hello, ...hello } }) };
  }, probes);
}

export function nobodyThere(end: VisitEnd): NotTested {
  const because = 'it closed the connection without a word, and answered nothing after that';
  return { kind: 'not-tested', because, end };
}

/** What came of the question that these are the answers to; undefined where it says nothing of either. */
export function heardIn({ otherKey, noServerName, upToTls12, alpn, hello = {} }: Probes): Heard | undefined {
  const { weak = [], suites: _, ...single } = hello;
  const all = [
    ...[otherKey, noServerName, upToTls12].map(heardOfHandshake),
    ...[...Object.values(single), weak.at(-1)].map(heardOfHello),
    heardOfAlpn(alpn),
  ];
  return all.find((heard) => heard !== undefined);
}

function heardOfHello(probe: Probed<HelloSeen> | undefined): Heard | undefined {
  if (probe?.kind !== 'seen' || probe.result === 'not-offered' || probe.result === 'broken') return undefined;
  return probe.result === 'refused' && probe.alert === null ? 'nothing' : 'answer';
}

function heardOfHandshake(probe: Probed<HandshakeSeen> | undefined): Heard | undefined {
  if (probe?.kind !== 'seen' || probe.result === 'not-offered') return undefined;
  return probe.result === 'secured' ? 'answer' : heardBefore(probe.by);
}

function heardOfAlpn(probe: Probes['alpn']): Heard | undefined {
  if (probe?.kind !== 'seen') return undefined;
  return 'refused' in probe ? heardBefore(probe.by) : 'answer';
}

/** What our own TLS did not like was an answer as well. */
function heardBefore(by: BrokenOffBy | undefined): Heard {
  return by?.kind === 'closed' ? 'nothing' : 'answer';
}
