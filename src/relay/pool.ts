/** Open connections, reused only for exactly the same way of talking to exactly the same peer. */
import { formatMailDomain, type MailDomain } from '../names/mailbox.ts';
import { dial } from '../net/dial.ts';
import type { Connection } from '../net/drive.ts';
import { NetworkError } from '../net/error.ts';
import { type Decision, formatIdentity } from '../policies/decide.ts';
import { judgePeer, type Proof } from '../policies/judge.ts';
import { type OpenOutcome, open } from '../protocols/smtp/client/open.ts';
import { quit } from '../protocols/smtp/client/quit.ts';
import type { Offers } from '../protocols/smtp/offers.ts';
import { PeerError } from '../wire/dialogue.ts';
import type { NextHop } from './next-hops.ts';
import type { Outgoing } from './settings.ts';

/** All that makes two connections the same. */
export interface Way {
  readonly hop: NextHop;
  readonly decision: Decision;
  /** `fallback`: in clear although TLS was wanted, because it just failed; such a connection is used once. */
  readonly startTls: 'by-decision' | 'fallback';
  readonly hello: MailDomain;
  readonly source: string | null;
}

/** A connection on which mail can be handed over. */
export interface Session {
  readonly connection: Connection;
  readonly offers: Offers;
  /** undefined in clear. */
  readonly proof: Proof | undefined;
  readonly key: string;
  messages: number;
}

type Opened =
  | { readonly kind: 'session'; readonly session: Session }
  /** The peer broke the protocol or the connection; there is nothing left to close. */
  | {
      readonly kind: 'broken';
      readonly error: PeerError | NetworkError;
      readonly transcript: readonly string[];
    }
  /** It did not come to a session; the connection is closed. */
  | {
      readonly kind: 'failed';
      readonly outcome: Exclude<OpenOutcome<Proof>, { kind: 'ready' }>;
      readonly transcript: readonly string[];
    };

export interface Pool {
  /** @returns an idle session for this way, if there is one that still stands. */
  reuse(way: Way): Session | undefined;
  open(way: Way): Promise<Opened>;
  /** Keeps the session for the next message. */
  giveBack(session: Session): void;
  /** Says goodbye to every idle session. */
  close(): Promise<void>;
}

/** Idle sessions end after this, ms: many servers close after 5 minutes, and a held connection costs them. */
const IDLE_MS = 5_000;
const MESSAGES_PER_SESSION = 1_000;

export function connectionPool(outgoing: Outgoing): Pool {
  const idle = new Map<string, { session: Session; until: number }[]>();
  const sweep = setInterval(() => void endStale(performance.now()), 1_000);
  sweep.unref();

  async function endStale(now: number): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const [key, entries] of idle) {
      const keep = entries.filter(({ session, until }) => until > now && session.connection.usable);
      for (const entry of entries) if (!keep.includes(entry)) ending.push(end(entry.session));
      if (keep.length === 0) idle.delete(key);
      else idle.set(key, keep);
    }
    await Promise.all(ending);
  }

  return {
    reuse(way) {
      if (way.startTls === 'fallback') return undefined;
      const entries = idle.get(keyOf(way));
      while (entries !== undefined && entries.length > 0) {
        const entry = entries.pop();
        if (entry?.session.connection.usable !== true) continue;
        // What was said for another message is none of the next one's business.
        entry.session.connection.forgetTranscript();
        return entry.session;
      }
      return undefined;
    },
    open: (way) => openSession(way, outgoing),
    giveBack(session) {
      session.messages += 1;
      if (session.key === '' || session.messages >= MESSAGES_PER_SESSION || !session.connection.usable) {
        void end(session);
        return;
      }
      const entries = idle.get(session.key) ?? [];
      entries.push({ session, until: performance.now() + IDLE_MS });
      idle.set(session.key, entries);
    },
    async close() {
      clearInterval(sweep);
      await endStale(Number.POSITIVE_INFINITY);
    },
  };
}

async function openSession(way: Way, outgoing: Outgoing): Promise<Opened> {
  const { hop, decision } = way;
  const mxName = hop.learnt === 'unsigned-dns' ? hop.host : null;
  let connection: Connection | undefined;
  try {
    connection = await dialHop(way, outgoing);
    const outcome = await connection.run(
      open<Proof>(connection.channel, {
        helloName: formatMailDomain(way.hello),
        startTls: startTlsMode(way),
        judge: (facts) => {
          const proof = judgePeer(facts, decision, mxName);
          const enough = decision.requires !== 'authenticate' || proof.kind === 'authenticated';
          return { kind: enough ? 'acceptable' : 'unacceptable', proof };
        },
      }),
    );
    if (outcome.kind !== 'ready') {
      await leave(connection);
      return { kind: 'failed', outcome, transcript: connection.takeTranscript() };
    }
    const key = way.startTls === 'fallback' ? '' : keyOf(way);
    const { offers, proof } = outcome;
    return { kind: 'session', session: { connection, offers, proof, key, messages: 0 } };
  } catch (error) {
    const broken = asWorldly(error);
    const transcript = connection?.takeTranscript() ?? [];
    if (connection?.channel.tls !== undefined && isHangUp(broken)) {
      const because = `${broken.message} right after the handshake`;
      return { kind: 'failed', outcome: { kind: 'tlsFailed', because }, transcript };
    }
    return { kind: 'broken', error: broken, transcript };
  }
}

/** TLS 1.3 is up for us before the server has had its say: its no to the handshake comes as an end just after. */
function isHangUp({ code }: PeerError | NetworkError): boolean {
  return code === 'closed' || code === 'reset' || code === 'failed';
}

function dialHop({ hop, source }: Way, { patience, deadlines, context }: Outgoing): Promise<Connection> {
  const peer = hop.host === hop.address ? hop.address : `${hop.host} (${hop.address})`;
  const target = { address: hop.address, port: hop.port, source: source ?? undefined };
  return dial(target, { peer, patience, deadlines, context, serverName: hop.serverName });
}

/** The peer's fault or the world's; anything else is ours and goes on up. */
export function asWorldly(error: unknown): PeerError | NetworkError {
  if (error instanceof PeerError || error instanceof NetworkError) return error;
  throw error;
}

function startTlsMode({ decision, startTls }: Way): 'never' | 'if-offered' | 'required' {
  if (decision.requires !== 'none') return 'required';
  return decision.tryTls === 'no' || startTls === 'fallback' ? 'never' : 'if-offered';
}

/** Policy and identity are part of the key: a session proved for one rule proves nothing for another. */
function keyOf({ hop, decision, hello, source }: Way): string {
  const { requires, tryTls, match } = decision;
  const identity = match.map(formatIdentity).join(',');
  return [hop.host, hop.address, hop.port, requires, tryTls, identity, formatMailDomain(hello), source].join(
    ' ',
  );
}

async function end(session: Session): Promise<void> {
  await leave(session.connection);
}

/** QUIT where the peer still listens; what it answers changes nothing. */
async function leave(connection: Connection): Promise<void> {
  if (connection.usable) await connection.run(quit(connection.channel)).catch(() => undefined);
  connection.close();
}
