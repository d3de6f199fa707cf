/** Attacks by a hostile server, or by somebody on the way to one: on our client, and on the gateway in reverse. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Certificate, createAuthority } from '../support/certificates.ts';
import { type Cell, type Verdict, withstood } from './cell.ts';
import { type Dialect, EVIL, type Protocol, protocols, SECRET } from './dialect.ts';
import { dialects } from './dialects.ts';
import { clientRole } from './roles/client.ts';
import { reverseRole } from './roles/reverse.ts';
import type { ClientWeakness, Target } from './twins/sloppy-client.ts';
import { type Conversation, type Lies, startToyServer, type ToyServer } from './twins/toy-server.ts';

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
}

/** What an attack came to, as seen from outside. */
export interface Aftermath extends Reached {
  /** Milliseconds; {@link HUNG_MS} where it had not ended by then. */
  readonly ms: number;
  readonly hung: boolean;
  readonly conversations: readonly Conversation[];
  readonly dialect: Dialect;
}

/** Whoever has not ended by then waits for ever. */
const HUNG_MS = 2_500;

export interface Ambush {
  readonly how: string;
  /** What the server does; undefined where the protocol gives no occasion. */
  readonly lies: (dialect: Dialect, elsewhere: number) => Lies | undefined;
  readonly certificate?: Certificate;
  /** What the twin is weak in. */
  readonly weak: readonly ClientWeakness[];
  /** What makes it a hit; by default whatever of {@link anyHit} there is. */
  readonly hit?: (after: Aftermath) => string | undefined;
  /** Said to a victim that is through, by hand. */
  readonly during?: (server: ToyServer) => Promise<void>;
  readonly only?: readonly Protocol[];
  readonly roles?: readonly ('client' | 'reverse')[];
  /** Where referrals lead. */
  readonly elsewhere?: boolean;
}

/** Nobody may be taken in: no login in clear or inside, nothing believed, nothing that goes on. */
export function anyHit({ wentOn, believed, hung, conversations }: Aftermath): string | undefined {
  if (hung) return 'it waits for ever';
  if (conversations.some(({ plain }) => plain.includes(SECRET))) return 'the login was said in clear';
  if (believed.includes(EVIL)) return `the attacker's words are believed: ${believed.slice(0, 200)}`;
  if (conversations.some((one) => one.inside.includes(SECRET))) return 'the login was said inside TLS';
  return wentOn ? 'it went on' : undefined;
}

/** The attacker's words are not believed, wherever it goes. */
export function onlyWords({ believed, hung, conversations }: Aftermath): string | undefined {
  if (hung) return 'it waits for ever';
  if (conversations.some(({ plain }) => plain.includes(SECRET))) return 'the login was said in clear';
  return believed.includes(EVIL) ? `the attacker's words are believed: ${believed.slice(0, 200)}` : undefined;
}

const victimRoles = { client: clientRole, reverse: reverseRole } as const;

/** The cells of some ambushes, for each protocol and role that gives an occasion. */
export function ambushes(list: readonly Ambush[]): Cell[] {
  return list.flatMap((ambush) =>
    (ambush.roles ?? (['client', 'reverse'] as const)).flatMap((name) =>
      (ambush.only ?? protocols)
        .filter((protocol) => victimRoles[name].speaks(protocol))
        .filter((protocol) => ambush.lies(dialects[protocol], 1) !== undefined)
        .map((protocol): Cell => {
          const { ours, twin } = victimRoles[name];
          const dialect = dialects[protocol];
          return {
            role: name,
            protocol,
            how: ambush.how,
            ours: () => spring(ambush, dialect, ours),
            twin: () => spring(ambush, dialect, twin(ambush.weak)),
          };
        }),
    ),
  );
}

/** The same without an attack: who stops here would withstand everything. */
export function controls() {
  return (['client', 'reverse'] as const).flatMap((role) =>
    protocols
      .filter((protocol) => victimRoles[role].speaks(protocol))
      .map((protocol) => {
        const { ours, twin } = victimRoles[role];
        const control: Ambush = { how: 'none', lies: () => ({}), weak: [], hit: arrived };
        const through = async (victim: Victim): Promise<string> => {
          const verdict = await spring(control, dialects[protocol], victim);
          return verdict.kind === 'hit' ? verdict.how : 'stopped';
        };
        return { role, protocol, ours: () => through(ours), twin: () => through(twin([])) };
      }),
  );
}

function arrived({ conversations, told }: Aftermath): string {
  if (conversations.some(({ plain }) => plain.includes(SECRET))) return 'in clear';
  return conversations.some((one) => one.inside.includes(SECRET)) ? 'through' : `stopped: ${told}`;
}

async function spring(ambush: Ambush, dialect: Dialect, victim: Victim): Promise<Verdict> {
  const certificate = ambush.certificate ?? certificates.proper;
  const elsewhere = ambush.elsewhere === true ? await startToyServer(dialect, certificate) : undefined;
  const lies = ambush.lies(dialect, elsewhere?.port ?? 1) ?? {};
  const server = await startToyServer(dialect, certificate, lies);
  const began = performance.now();
  try {
    const target: Target = { port: server.port, serverName: 'server.test', ca: authority.certPem };
    const [reached] = await Promise.all([
      Promise.race([victim(dialect, target), sleep(HUNG_MS, undefined)]),
      ambush.during?.(server),
    ]);
    const after: Aftermath = {
      ...(reached ?? { wentOn: false, believed: '', told: '' }),
      ms: performance.now() - began,
      hung: reached === undefined,
      conversations: [...server.conversations, ...(elsewhere?.conversations ?? [])],
      dialect,
    };
    const how = (ambush.hit ?? anyHit)(after);
    return how === undefined ? withstood : { kind: 'hit', how };
  } finally {
    server.close();
    elsewhere?.close();
  }
}
