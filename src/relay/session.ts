/** One connection on which mail can be handed over: what it has to be, how it comes to be. */
import { randomBytes } from 'node:crypto';
import type { EventTls } from '../events/delivery-event.ts';
import { formatMailDomain, type MailDomain } from '../names/mailbox.ts';
import { dial } from '../net/dial.ts';
import { type Connection, type Patience, patience as smtpPatience } from '../net/drive.ts';
import { NetworkError } from '../net/error.ts';
import { type Decision, decisionKey } from '../policies/decide.ts';
import { judgePeer, type Proof } from '../policies/judge.ts';
import type { RouteLogin, RouteTarget } from '../policies/overrides/route.ts';
import { type OpenOutcome, open } from '../protocols/smtp/client/open.ts';
import { quit } from '../protocols/smtp/client/quit.ts';
import { limitsOf, type Offers } from '../protocols/smtp/offers.ts';
import { PeerError } from '../wire/dialogue.ts';
import type { NextHop } from './next-hops.ts';
import type { Asked } from './result.ts';
import type { Outgoing } from './settings.ts';
import { tlsOfSession } from './tls-verdict.ts';

/** All that makes two connections the same. */
export interface Way {
  readonly hop: NextHop;
  readonly protocol: RouteTarget['protocol'];
  readonly decision: Decision;
  /** null: none. Said only where `decision` requires TLS, and only inside the TLS that it accepts. */
  readonly login: RouteLogin | null;
  readonly hello: MailDomain;
  readonly source: string | null;
}

/** A connection on which mail can be handed over, with all that is the same for every message on it. */
export interface Session {
  readonly connection: Connection;
  readonly protocol: 'smtp' | 'lmtp';
  readonly offers: Offers;
  readonly asked: Asked;
  /** How mail travels that is handed over here. */
  readonly tls: EventTls;
  /** Recipients, and domains of them, that the host takes in one transaction (RFC 9422); Infinity: it does not say. */
  readonly recipientsAtOnce: number;
  readonly domainsAtOnce: number;
  /** Transactions that may still begin. */
  transactionsLeft: number;
  /** Empty where it serves one message only. */
  readonly key: string;
  /** The room that it takes is that of this destination. */
  readonly destination: string;
  /** Address and port of the host at which it has one of the places for all destinations; null: these are not counted. */
  readonly hostPlace: string | null;
  /** What it was opened under. */
  readonly outgoing: Outgoing;
}

export type Unready = Exclude<OpenOutcome<Proof>, { kind: 'ready' }>;

/** What a session is opened for. */
export interface Opening {
  /** Whose room its connection takes: the scheduling key. */
  readonly destination: string;
  /** Connections to it at once; null: as many as to any other. */
  readonly connections: number | null;
  /** Whether other destinations may have the same host: one that MX records name. */
  readonly isShared: boolean;
  /** Why it is to be in clear although TLS is wanted; null where it is to be as decided. */
  readonly fallback: string | null;
  /** Whether another address can be tried where this one is silent. */
  readonly others: boolean;
}

/** How TLS begins: why with a small ClientHello; null: with the usual one. */
export type SmallHello = string | null;

export type Opened =
  | Dialled
  /** We have as many connections to this host as we want to have, for all destinations together. */
  | { readonly kind: 'crowded'; readonly because: string };

export type Dialled =
  | { readonly kind: 'session'; readonly session: Session }
  /** The peer broke the protocol or the connection; there is nothing left to close. */
  | {
      readonly kind: 'broken';
      readonly error: PeerError | NetworkError;
      readonly transcript: readonly string[];
      readonly sendingAddress: string | null;
    }
  /** It did not come to a session; the connection is closed. */
  | {
      readonly kind: 'failed';
      readonly outcome: Unready;
      readonly transcript: readonly string[];
      /** Ours; null where there was no connection. */
      readonly sendingAddress: string | null;
      /** The peer went silent or away where our ClientHello should have been answered. */
      readonly helloUnanswered: boolean;
    };

/** Milliseconds for each wait of mail that goes out. */
export interface OutgoingPatience extends Patience {
  /** For a connection, where another address can be tried. */
  readonly connectBeforeOthers: number;
  /** For the first octet in answer to a ClientHello of the usual size, as a small one may be tried then. */
  readonly answerToHello: number;
}

/**
 * A SYN is repeated after 1, 3 and 7 s: an address that has heard none of the four is no longer worth waiting for while
 * there is another. An answer to a ClientHello costs a server that works one round trip and a signature.
 */
export const outgoingPatience: OutgoingPatience = {
  ...smtpPatience,
  connectBeforeOthers: 10_000,
  answerToHello: 15_000,
};

const TRANSACTIONS_PER_SESSION = 1_000;
const NONCE_BYTES = 18;

export async function openSession(
  way: Way,
  {
    destination,
    hostPlace,
    outgoing,
    fallback,
    smallHello,
  }: Pick<Session, 'destination' | 'hostPlace' | 'outgoing'> &
    Pick<Opening, 'fallback'> & { smallHello: SmallHello },
  connect: () => Promise<Connection>,
): Promise<Dialled> {
  const { hop, decision, login } = way;
  const protocol = way.protocol === 'lmtp' ? 'lmtp' : 'smtp';
  let connection: Connection | undefined;
  // A socket that is closed has forgotten it.
  let sendingAddress: string | null = null;
  try {
    connection = await connect();
    const { channel } = connection;
    sendingAddress = connection.localAddress ?? null;
    const outcome = await connection.run(
      open<Proof>(channel, {
        helloName: formatMailDomain(way.hello),
        protocol,
        tls: way.protocol === 'smtps' ? 'implicit' : 'starttls',
        startTls: fallback === null ? startTlsMode(decision) : 'never',
        login: login === null ? null : { ...login, nonce: randomBytes(NONCE_BYTES).toString('base64') },
        judge: (facts) => {
          const { proof, meets } = judgePeer(facts, decision, hop.host, outgoing.now());
          if (!meets) return { kind: 'unacceptable', proof };
          return {
            kind: 'acceptable',
            proof,
            identity: proof.kind === 'authenticated' ? 'proved' : 'unproved',
          };
        },
      }),
    );
    if (outcome.kind !== 'ready') {
      const helloUnanswered = outcome.kind === 'tlsFailed' && connection.helloUnanswered;
      await sayGoodbye(connection);
      connection.close();
      const transcript = connection.takeTranscript();
      return { kind: 'failed', outcome, transcript, sendingAddress, helloUnanswered };
    }
    const { offers, proof } = outcome;
    const { mailMax, rcptMax, rcptDomainMax } = limitsOf(offers);
    const session: Session = {
      connection,
      protocol,
      offers,
      asked: { host: hop.host, address: hop.address, port: hop.port },
      tls: tlsOfSession(decision, { facts: channel.tls, proof, offers, smallHello }, fallback),
      recipientsAtOnce: rcptMax ?? Number.POSITIVE_INFINITY,
      domainsAtOnce: rcptDomainMax ?? Number.POSITIVE_INFINITY,
      transactionsLeft: Math.min(mailMax ?? TRANSACTIONS_PER_SESSION, TRANSACTIONS_PER_SESSION),
      key: fallback === null ? keyOf(way) : '',
      destination,
      hostPlace,
      outgoing,
    };
    return { kind: 'session', session };
  } catch (error) {
    const broken = asWorldly(error);
    const transcript = connection?.takeTranscript() ?? [];
    if (connection?.channel.tls !== undefined && isHangUp(broken) && !heardInside(transcript)) {
      const because = `${broken.message} right after the handshake`;
      const outcome = { kind: 'tlsFailed', because } as const;
      return { kind: 'failed', outcome, transcript, sendingAddress, helloUnanswered: false };
    }
    return { kind: 'broken', error: broken, transcript, sendingAddress };
  }
}

/** TLS 1.3 is up for us before the server has had its say: its no to the handshake comes as an end just after. */
function isHangUp({ code }: PeerError | NetworkError): boolean {
  return code === 'closed' || code === 'reset' || code === 'failed';
}

/** A server that spoke inside TLS had nothing against the handshake, whatever makes it leave now. */
function heardInside(transcript: readonly string[]): boolean {
  const secured = transcript.findLastIndex((line) => line.startsWith('== TLS '));
  return transcript.slice(secured + 1).some((line) => line.startsWith('S: '));
}

export function dialHop(
  { hop, source }: Way,
  { patience, deadlines, context, smallHelloContext }: Outgoing,
  { others, smallHello }: Pick<Opening, 'others'> & { smallHello: SmallHello },
): Promise<Connection> {
  const peer = hop.host === hop.address ? hop.address : `${hop.host} (${hop.address})`;
  const target = { address: hop.address, port: hop.port, source: source ?? undefined };
  const connect = others ? Math.min(patience.connect, patience.connectBeforeOthers) : patience.connect;
  const hello =
    smallHello === null
      ? { context, answerToHello: patience.answerToHello }
      : { context: smallHelloContext() };
  return dial(target, {
    peer,
    patience: { ...patience, connect },
    deadlines,
    serverName: hop.serverName,
    ...hello,
  });
}

/** The peer's fault or the world's; anything else is ours and goes on up. */
export function asWorldly(error: unknown): PeerError | NetworkError {
  if (error instanceof PeerError || error instanceof NetworkError) return error;
  throw error;
}

function startTlsMode({ requires, tryTls }: Decision): 'never' | 'if-offered' | 'required' {
  if (requires !== 'none') return 'required';
  return tryTls === 'no' ? 'never' : 'if-offered';
}

/**
 * Policy, identity and login are part of the key: a session proved for one rule proves nothing for another.
 *
 * So is the layer that decided, which the events of all that travels in the session name.
 */
export function keyOf({ hop, protocol, decision, login, hello, source }: Way): string {
  const user = login === null ? '' : JSON.stringify(login.user);
  const name = formatMailDomain(hello);
  return `${protocol} ${hop.host} ${hop.address} ${hop.port} ${decision.by} ${decisionKey(decision)} ${user} ${name} ${source}`;
}

/** QUIT where the peer still listens; what it answers changes nothing. */
export async function sayGoodbye(connection: Connection): Promise<void> {
  if (connection.usable) await connection.run(quit(connection.channel)).catch(() => undefined);
}
