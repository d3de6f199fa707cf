/** Attacks by a hostile server, or by somebody on the way to one: on our client, and on the gateway in reverse. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Certificate, createAuthority } from '../support/certificates.ts';
import { type Cell, type Verdict, withstood } from './cell.ts';
import { type Dialect, EVIL, honest, type Offers, type Protocol, protocols, SECRET } from './dialect.ts';
import { dialects } from './dialects.ts';
import { clientRole } from './roles/client.ts';
import { deliveryRole } from './roles/delivery.ts';
import { reverseRole } from './roles/reverse.ts';
import type { ClientWeakness, Target } from './twins/sloppy-client.ts';
import {
  type Answer,
  type Conversation,
  type Lies,
  startToyServer,
  type ToyServer,
} from './twins/toy-server.ts';

const authority = await createAuthority();
const [proper, otherName, expired] = await Promise.all([
  authority.issue({ names: ['server.test'] }),
  authority.issue({ names: ['other.test'] }),
  authority.issue({ names: ['server.test'], notAfter: new Date(Date.now() - 1000) }),
]);
const [selfSigned, ofStranger] = await Promise.all([
  authority.issue({ names: ['server.test'], selfSigned: true }),
  (await createAuthority()).issue({ names: ['server.test'] }),
]);

/** What a server may show; only the first proves that it is `server.test`. */
export const certificates = { proper, otherName, expired, selfSigned, ofStranger };

/** What became of a victim. */
export interface Reached {
  /** It went on as if it were safe, or wherever it was led. */
  readonly wentOn: boolean;
  /** All that its user gets to see as the server's word, or to act on, latin1. */
  readonly believed: string;
  /** Where it stopped: what its user is told of it, in which the server may be quoted. */
  readonly told: string;
}

/** Reaches for a server, logs in where it thinks it may, and says what came of it. */
export type Victim = (dialect: Dialect, target: Target) => Promise<Reached>;

/** Somebody who reaches for servers: ours, and a sloppy one. */
export interface VictimRole {
  readonly ours: Victim;
  readonly twin: (weaknesses: readonly ClientWeakness[]) => Victim;
  readonly speaks: (protocol: Protocol) => boolean;
  /** Milliseconds that ours may need before it reaches for the server; 0 where left out. */
  readonly startingMs?: number;
}

/** What an attack came to, as seen from outside. */
export interface Aftermath extends Reached {
  readonly hung: boolean;
  readonly conversations: readonly Conversation[];
  /** Connections to where a referral leads. */
  readonly visits: number;
  readonly dialect: Dialect;
}

/** How long victims wait for anything, ms; more than a busy machine needs. */
const PATIENCE_MS = 2_500;
/** Whoever has not ended after so many times its patience waits for ever. */
const TIMES_PATIENCE = 5;
/** What a busy machine may hold ours up beyond that, ms; for ever is longer. */
const BUSY_MS = 3_000;

export interface Ambush {
  readonly how: string;
  /** What the server does; undefined where the protocol gives no occasion. */
  readonly lies: (dialect: Dialect, elsewhere: number) => Lies | undefined;
  readonly certificate?: Certificate;
  /** What the twin is weak in. */
  readonly weak: readonly ClientWeakness[];
  /** By default whatever {@link anyHit} finds. */
  readonly judge?: (after: Aftermath) => Verdict;
  /** What is done beside it. */
  readonly during?: (server: ToyServer, dialect: Dialect) => Promise<void>;
  readonly only?: readonly Protocol[];
  readonly patienceMs?: number;
  readonly roles?: readonly VictimSide[];
  /** Where referrals lead. */
  readonly elsewhere?: boolean;
}

/** Nobody may be taken in: no login in clear or inside, nothing believed, nothing that goes on. */
export function anyHit(after: Aftermath): Verdict {
  const how = harm(after);
  return how === undefined ? withstood : { kind: 'hit', how };
}

function harm({ wentOn, believed, hung, conversations, visits }: Aftermath): string | undefined {
  if (hung) return 'it waits for ever';
  if (conversations.some(({ plain }) => plain.includes(SECRET))) return 'the login was said in clear';
  if (believed.includes(EVIL)) return `the attacker's words are believed: ${believed.slice(0, 200)}`;
  if (conversations.some((one) => one.inside.includes(SECRET))) return 'the login was said inside TLS';
  if (conversations.some(({ flooded }) => flooded)) return 'all of a flood was taken';
  if (visits > 0) return 'it went where it was sent';
  return wentOn ? 'it went on' : undefined;
}

/** It goes on unharmed: the attacker's words are not believed. */
export function wordsOnly({ believed, hung, conversations, told }: Aftermath): Verdict {
  if (conversations.some(({ plain }) => plain.includes(SECRET)))
    return { kind: 'hit', how: 'the login was said in clear' };
  if (believed.includes(EVIL))
    return { kind: 'hit', how: `the attacker's words are believed: ${believed.slice(0, 200)}` };
  if (conversations.some((one) => one.inside.includes(SECRET))) return withstood;
  return { kind: 'stopped', because: hung ? 'it waits for ever' : told };
}

const victimSides = ['client', 'reverse', 'relay'] as const;

type VictimSide = (typeof victimSides)[number];

const victimRoles: Readonly<Record<VictimSide, VictimRole>> = {
  client: clientRole,
  reverse: reverseRole,
  relay: deliveryRole,
};

/** Lies told at the request for TLS. */
export function onUpgrade({ isUpgrade }: Dialect, answer: Answer): Lies {
  return { answer: (request, at) => (at === 'clear' && isUpgrade(request) ? answer : undefined) };
}

/** Several lies of one server. */
export function together(...lies: readonly Lies[]): Lies {
  const all: Lies = Object.assign({}, ...lies);
  const answers = lies.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  return {
    ...all,
    answer: (request, at) => {
      for (const answer of answers) {
        const given = answer(request, at);
        if (given !== undefined) return given;
      }
      return undefined;
    },
  };
}

/** Lies told at the first occasion: the greeting, or the answer to the first words of a client. */
export function atFirst(dialect: Dialect, answer: Answer): Lies {
  if (dialect.greeting(honest) !== '') return { greeting: answer };
  let said = false;
  return {
    answer: () => {
      if (said) return undefined;
      said = true;
      return answer;
    },
  };
}

/** What an honest server says in clear before the request for TLS, last. */
export function lastInClear(dialect: Dialect, offers: Offers = honest): string {
  return dialect.ask === null ? dialect.greeting(offers) : dialect.answer(dialect.ask, offers);
}

/** Lies told in place of {@link lastInClear}. */
export function onOffers(dialect: Dialect, answer: Answer): Lies {
  if (dialect.ask === null) return { greeting: answer };
  return {
    answer: (request, at) =>
      at === 'clear' &&
      !dialect.isUpgrade(request) &&
      dialect.answer(request, honest) === lastInClear(dialect)
        ? answer
        : undefined,
  };
}

/** The cells of some ambushes, for each protocol and role that gives an occasion. */
export function ambushes(list: readonly Ambush[]): Cell[] {
  return list.flatMap((ambush) =>
    (ambush.roles ?? victimSides).flatMap((name) =>
      (ambush.only ?? protocols)
        .filter((protocol) => victimRoles[name].speaks(protocol))
        .filter((protocol) => ambush.lies(dialects[protocol], 1) !== undefined)
        .map((protocol): Cell => {
          const { ours, twin, startingMs } = victimRoles[name];
          const dialect = dialects[protocol];
          return {
            role: name,
            protocol,
            how: ambush.how,
            ours: () => spring(ambush, dialect, ours, BUSY_MS + (startingMs ?? 0)),
            twin: () => spring(ambush, dialect, twin(ambush.weak)),
            sound: () => spring(ambush, dialect, twin([])),
          };
        }),
    ),
  );
}

/** The same without an attack: who stops here would withstand everything. */
export function controls() {
  return victimSides.flatMap((role) =>
    protocols
      .filter((protocol) => victimRoles[role].speaks(protocol))
      .map((protocol) => {
        const { ours, twin } = victimRoles[role];
        const control: Ambush = { how: 'none', lies: () => ({}), weak: [], judge: arrived };
        const through = async (victim: Victim): Promise<string> => {
          const verdict = await spring(control, dialects[protocol], victim);
          return verdict.kind === 'stopped' ? verdict.because : verdict.kind;
        };
        return { role, protocol, ours: () => through(ours), twin: () => through(twin([])) };
      }),
  );
}

function arrived(after: Aftermath): Verdict {
  const { kind } = wordsOnly(after);
  return { kind: 'stopped', because: kind === 'withstood' ? 'through' : `${kind}: ${after.told}` };
}

async function spring(ambush: Ambush, dialect: Dialect, victim: Victim, startingMs = 0): Promise<Verdict> {
  const certificate = ambush.certificate ?? certificates.proper;
  const elsewhere = ambush.elsewhere === true ? await startToyServer(dialect, certificate) : undefined;
  const { patienceMs = PATIENCE_MS } = ambush;
  const lies = ambush.lies(dialect, elsewhere?.port ?? 1) ?? {};
  const server = await startToyServer(dialect, certificate, lies);
  try {
    const target: Target = {
      port: server.port,
      serverName: 'server.test',
      ca: authority.certPem,
      patienceMs,
    };
    const [reached] = await Promise.all([
      Promise.race([
        victim(dialect, target),
        sleep(startingMs + TIMES_PATIENCE * patienceMs, undefined, { ref: false }),
      ]),
      ambush.during?.(server, dialect),
    ]);
    const after: Aftermath = {
      ...(reached ?? { wentOn: false, believed: '', told: '' }),
      hung: reached === undefined,
      conversations: [...server.conversations, ...(elsewhere?.conversations ?? [])],
      visits: elsewhere?.conversations.length ?? 0,
      dialect,
    };
    return (ambush.judge ?? anyHit)(after);
  } finally {
    server.close();
    elsewhere?.close();
  }
}
