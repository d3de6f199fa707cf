/** The questions behind the first connection: which there are, and how each of them is asked, on a connection of its own. */
import type { HelloSeen } from '../findings/hello-seen.ts';
import type {
  BrokenOffBy,
  HandshakeSeen,
  Probed,
  Probes,
  Upgrade,
  Visit,
  VisitEnd,
} from '../findings/observation.ts';
import type { HelloKind } from '../net/seeing-contexts.ts';
import type { Question as Hello } from '../tls/hello/questions.ts';
import { parseCertificate, publicKeyOf } from '../tls/openssl.ts';
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';
import type { Connected } from './connection.ts';
import { deepHellos } from './deep-hellos.ts';
import { wordsOfEnd } from './end-words.ts';
import { addressLiteral, helloNameAt } from './hello-name.ts';
import {
  bestFirst,
  furtherHellos,
  isKnownUpTo12,
  isKnownWithoutName,
  sizeHellos,
  usualHellos,
} from './hello-questions.ts';
import type { Dialect, VisitRequest } from './visit.ts';

/** What a connection differs in from the first one. */
export interface Knock {
  readonly hello?: HelloKind;
  /** false: without SNI. */
  readonly named?: boolean;
  readonly alpn?: readonly string[];
  /** Our name in EHLO, from the address that we have here. */
  readonly helloName?: (localAddress: string | undefined) => string;
}

/** Makes connections to the endpoint, as an observer does. */
export interface Knocking {
  /** A whole visit, without curiosity where no other request is given. */
  visit(knock: Knock, request?: VisitRequest): Promise<Visit>;
  /** A dialogue of its own. */
  talk<Outcome>(
    talk: (channel: Channel, request: VisitRequest) => Talk<Outcome>,
  ): Promise<Connected<Outcome>>;
  /**
   * A hello of our own where a handshake would be.
   *
   * @param hello given the name for SNI, null for none.
   * @param named false: without SNI.
   */
  hello(
    hello: (serverName: string | null) => Hello,
    named: boolean,
  ): Promise<{ readonly seen: Probed<HelloSeen>; readonly end: VisitEnd }>;
}

export type NotTested = Extract<Probed<never>, { kind: 'not-tested' }>;

/** One question, on a connection of its own. */
export interface Question {
  readonly ask: (
    knocking: Knocking,
    /** What was answered so far. */
    probes: Probes,
  ) => Promise<{ readonly probes: Probes; readonly end: VisitEnd }>;
  /** What stands in its place where it is not asked, or where what came of it is no answer. */
  readonly unasked: (why: NotTested, probes: Probes) => Probes;
  /** Whether its hello is smaller than the first one, which may have been too large. */
  readonly isSmaller?: true;
  /** Whether what was answered so far leaves it open; absent: it does. */
  readonly isOpen?: (probes: Probes) => boolean;
  /** Whether it is left out without a word where there is no connection for it any more. */
  readonly isExtra?: true;
  /** Whether any server that the first hello came to a session with has an answer to it. */
  readonly isSure?: true;
  /** Whether it tells by what the server answers to what: one that is out of step anyway cannot be told from. */
  readonly isCounted?: true;
}

export interface QuestionTerms {
  readonly dialect: Dialect;
  readonly deep: boolean;
  readonly intrusive: boolean;
  /** Whether the first connection came by STARTTLS. */
  readonly startTls: boolean;
  /** Whether there was a name in SNI. */
  readonly named: boolean;
  /** Whether we say our name (EHLO, LHLO). */
  readonly saysHello: boolean;
  readonly helloName: string;
}

/**
 * The questions that are worth a connection after what the first one showed, the most telling first.
 *
 * Where that came to no end there is no telling, and all of them are there.
 */
export function questionsFor(base: Visit, terms: QuestionTerms): readonly Question[] {
  const { dialect, deep, intrusive, startTls, named, saysHello } = terms;
  const isOpen = base.tls === null && base.upgrade.kind === 'not-reached';
  const isSecured = base.tls !== null || isOpen;
  const isTried = isSecured || base.upgrade.kind === 'handshake-failed';
  const { injection, state } = dialect;
  const { weakFirst, weakNamed, old } = usualHellos(base, named);
  return [
    ...(injection !== null && startTls && isSecured ? [injectionQuestion(injection)] : []),
    ...(isTried ? [weakFirst] : []),
    ...(isSecured ? otherKeyQuestions(base) : []),
    ...(isTried ? [weakNamed] : []),
    ...(isTried && base.tls?.version === 'TLSv1.3' ? [bestFirst(base)] : []),
    ...(isTried && (base.tls === null || base.tls.version === 'TLSv1.3') ? [upToTls12Question(base)] : []),
    ...(isTried ? sizeHellos(base) : []),
    ...(isTried ? [old] : []),
    ...(isSecured && named ? [withoutNameQuestion] : []),
    ...(deep && saysHello && startTls ? [otherHelloQuestion(terms, isSecured)] : []),
    ...(deep && state !== null && startTls && intrusive && isSecured ? [stateQuestion(state)] : []),
    ...(deep && isSecured ? [alpnQuestion] : []),
    ...(deep && intrusive && dialect.intrusive !== undefined ? [intrusiveQuestion(dialect.intrusive)] : []),
    ...(isTried ? furtherHellos(base) : []),
    ...(deep && isTried ? deepHellos(base) : []),
  ];
}

/** Why the question is not worth a connection after the first one came to no end; undefined where it is. */
export function hindrance(
  { end, tls, upgrade }: Visit,
  { isSmaller, isCounted }: Pick<Question, 'isSmaller' | 'isCounted'>,
): NotTested | undefined {
  // A server that hangs at the hello may answer one without the large key share of a hybrid group.
  if (end.kind === 'timeout')
    return end.at === 'handshake' && isSmaller === true ? undefined : notTested(end);
  if (end.kind === 'throttled' || end.kind === 'blocked') return notTested(end);
  if (isCounted === true && end.kind !== 'complete') return notTested(end);
  return tls === null && upgrade.kind === 'not-reached' ? notTested(end) : undefined;
}

export function notTested(end: VisitEnd): NotTested {
  return { kind: 'not-tested', because: wordsOfEnd(end), end };
}

function handshakeQuestion(knock: Knock, place: (seen: Probed<HandshakeSeen>) => Probes): Question {
  return {
    async ask(knocking) {
      const visit = await knocking.visit(knock);
      return { probes: place(handshakeOf(visit)), end: visit.end };
    },
    unasked: place,
  };
}

function handshakeOf({ tls, upgrade, end }: Visit): Probed<HandshakeSeen> {
  if (upgrade.kind === 'handshake-failed')
    return { kind: 'seen', result: 'failed', because: upgrade.because, by: brokenOffBy(upgrade) };
  if (tls !== null) return { kind: 'seen', result: 'secured', tls };
  if (upgrade.kind === 'not-offered') return { kind: 'seen', result: 'not-offered' };
  if (upgrade.kind === 'refused') {
    const because = `it answered STARTTLS with ${upgrade.answer.text}`;
    return { kind: 'not-tested', because, end };
  }
  return notTested(end);
}

function brokenOffBy({ alert, closed }: Extract<Upgrade, { kind: 'handshake-failed' }>): BrokenOffBy {
  if (alert !== null) return { kind: 'alert', alert };
  return { kind: closed === true ? 'closed' : 'own' };
}

/** What a hello of our own has shown without SNI needs no other one. */
const withoutNameQuestion: Question = {
  ...handshakeQuestion({ named: false }, (noServerName) => ({ noServerName })),
  isOpen: (probes) => !isKnownWithoutName(probes),
};

/** What clients of today get that have nothing above TLS 1.2, where a hello of our own did not tell. */
function upToTls12Question(base: Visit): Question {
  return {
    ...handshakeQuestion({ hello: 'up-to-tls12' }, (upToTls12) => ({ upToTls12 })),
    isSmaller: true,
    isOpen: (probes) => !isKnownUpTo12(base, probes),
  };
}

/** None where there is no certificate, or one with a key of no known kind. */
function otherKeyQuestions(base: Visit): Question[] {
  if (base.tls === null) return [otherKeyQuestion('ecdsa')];
  const [leaf] = base.tls.chain;
  const certificate = leaf === undefined ? undefined : parseCertificate(leaf);
  const kind = certificate === undefined ? undefined : publicKeyOf(certificate)?.asymmetricKeyType;
  if (kind === undefined) return [];
  return [otherKeyQuestion(kind === 'rsa' || kind === 'rsa-pss' ? 'ecdsa' : 'rsa')];
}

function otherKeyQuestion(key: 'rsa' | 'ecdsa'): Question {
  return handshakeQuestion({ hello: key }, (seen) => ({
    otherKey: seen.kind === 'seen' ? { ...seen, key } : seen,
  }));
}

function injectionQuestion(injection: NonNullable<Dialect['injection']>): Question {
  return {
    async ask(knocking) {
      const { talked, transcript } = await knocking.talk(injection);
      if (talked.kind === 'ended') return { probes: { injection: notTested(talked.end) }, end: talked.end };
      const { outcome } = talked;
      if ('kind' in outcome) return { probes: { injection: notTested(outcome) }, end: outcome };
      return { probes: { injection: { kind: 'seen', ...outcome, transcript } }, end: { kind: 'complete' } };
    },
    unasked: (why) => ({ injection: why }),
    isCounted: true,
  };
}

function stateQuestion(state: NonNullable<Dialect['state']>): Question {
  return {
    async ask(knocking) {
      const { talked, transcript } = await knocking.talk(state);
      if (talked.kind === 'ended') return { probes: { state: notTested(talked.end) }, end: talked.end };
      const { outcome } = talked;
      if ('kind' in outcome) return { probes: { state: notTested(outcome) }, end: outcome };
      return { probes: { state: { kind: 'seen', ...outcome, transcript } }, end: { kind: 'complete' } };
    },
    unasked: (why) => ({ state: why }),
    isCounted: true,
  };
}

/**
 * Some that take STARTTLS away from those whose name they do not like. What they offer is said before the handshake, so that it can
 * be another one at the same time.
 */
function otherHelloQuestion({ helloName }: QuestionTerms, withAlpn: boolean): Question {
  return {
    async ask(knocking) {
      let other = helloName;
      const visit = await knocking.visit({
        ...(withAlpn ? { alpn: [FOREIGN] } : {}),
        helloName: (localAddress) => {
          other = otherNameThan(helloName, localAddress);
          return other;
        },
      });
      const { clear, end } = visit;
      if (clear === null) return { probes: { otherHello: notTested(end) }, end };
      const alpn = withAlpn ? alpnOf(visit) : undefined;
      // A close without a word is no answer to this.
      const isClosed = alpn?.kind === 'seen' && 'refused' in alpn && alpn.by?.kind === 'closed';
      return {
        probes: {
          otherHello: { kind: 'seen', helloName: other, clear },
          ...(alpn?.kind === 'seen' && !isClosed ? { alpn } : {}),
        },
        end,
      };
    },
    unasked: (otherHello) => ({ otherHello }),
  };
}

/** RFC 5321 §4.1.3, §4.1.4: a client without a name says its address, which is no lie for one that has a name. */
function otherNameThan(helloName: string, localAddress = '127.0.0.1'): string {
  const said = helloNameAt(helloName, localAddress);
  return said.startsWith('[') ? 'localhost' : addressLiteral(localAddress);
}

/** RFC 7301 §3.2: a server that has none of the protocols sends no_application_protocol; a browser could be led here else. */
const FOREIGN = 'http/1.1';

/** On a connection of its own where the one with another name did not come so far, or there was none. */
const alpnQuestion: Question = {
  async ask(knocking) {
    const visit = await knocking.visit({ alpn: [FOREIGN] });
    return { probes: { alpn: alpnOf(visit) }, end: visit.end };
  },
  unasked: (alpn) => ({ alpn }),
  isOpen: ({ alpn }) => alpn === undefined,
};

function alpnOf({ tls, upgrade, end }: Visit): NonNullable<Probes['alpn']> {
  if (upgrade.kind === 'handshake-failed')
    return { kind: 'seen', refused: upgrade.because, by: brokenOffBy(upgrade) };
  if (tls === null) return notTested(end);
  return { kind: 'seen', offered: FOREIGN, agreed: tls.alpn };
}

function intrusiveQuestion(intrusive: NonNullable<Dialect['intrusive']>): Question {
  const nothing = { intrusive: { vrfy: null, expn: null, relay: null } };
  return {
    async ask(knocking) {
      const { talked } = await knocking.talk(intrusive);
      if (talked.kind === 'ended') return { probes: nothing, end: talked.end };
      const { outcome } = talked;
      if ('kind' in outcome) return { probes: nothing, end: outcome };
      return { probes: { intrusive: outcome }, end: { kind: 'complete' } };
    },
    unasked: () => nothing,
  };
}
