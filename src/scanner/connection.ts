/** One connection of a visit: from its beginning to its end, within its time, whatever the server does. */
import type { SecureContext } from 'node:tls';
import type { Endpoint } from '../findings/endpoint.ts';
import type { Connect, Step, VisitEnd } from '../findings/observation.ts';
import { formatHostPort } from '../names/address.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { dial } from '../net/dial.ts';
import type { Connection, Patience } from '../net/drive.ts';
import { alertOf, NetworkError, wordsOf } from '../net/error.ts';
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';
import { LostError, PeerError, printable } from '../wire/dialogue.ts';

/** How a server is reached. */
export interface Way {
  readonly endpoint: Endpoint;
  readonly context: SecureContext;
  /** SNI; null: without. */
  readonly serverName: string | null;
  readonly alpn?: readonly string[];
  readonly deadlines: Deadlines;
  /** Milliseconds, from the beginning of the connection to its end. */
  readonly timeoutMs: number;
  /** Nobody wants to know any more. */
  readonly signal: AbortSignal;
}

/** What came of a dialogue. */
export type Talked<Outcome> =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | {
      readonly kind: 'ended';
      readonly end: VisitEnd;
      /** The alert that the server sent behind the handshake; undefined where it sent none. */
      readonly alert?: string | undefined;
      /** Plaintext that stood in the way of the handshake, printable; undefined where there was none. */
      readonly injected?: string;
    };

export interface Connected<Outcome> {
  readonly connect: Connect;
  readonly transcript: readonly string[];
  readonly talked: Talked<Outcome>;
  /** Milliseconds, of all of it. */
  readonly ms: number;
}

/** A server that greets late on purpose (greet pause, postscreen, tarpits) has greeted by then; RFC 5321 allows 5 minutes. */
const GREETING_MS = 120_000;
const CONNECT_MS = 20_000;
const GOODBYE_MS = 5_000;
/** For the server to close its side, once all is said. */
const CLOSING_MS = 1_000;
const MAX_LINES = 160;
const MAX_LINE_CHARACTERS = 400;

/**
 * Connects and runs one dialogue. It never rejects for what the server or the network does.
 *
 * @param step where the dialogue is, asked when it breaks off.
 */
export async function talkOnce<Outcome>(
  way: Way,
  talk: (channel: Channel, localAddress: string | undefined) => Talk<Outcome>,
  step: () => Step,
): Promise<Connected<Outcome>> {
  const began = performance.now();
  const since = (): number => Math.round(performance.now() - began);
  const reached = await reach(way);
  if (!('connection' in reached)) {
    const connect: Connect = { kind: 'failed', ...reached, ms: since() };
    const talked: Talked<Outcome> = { kind: 'ended', end: { kind: 'not-connected' } };
    return { connect, transcript: [], talked, ms: since() };
  }
  const { connection } = reached;
  const connect: Connect = { kind: 'connected', ms: since() };
  let isLate = false;
  const whole = way.deadlines.add(() => {
    isLate = true;
    connection.close();
  });
  whole.set(Math.max(way.timeoutMs - since(), 1));
  const onAbort = (): void => connection.close();
  way.signal.addEventListener('abort', onAbort);
  if (way.signal.aborted) onAbort();
  let talked: Talked<Outcome>;
  try {
    const outcome = await connection.run(talk(connection.channel, connection.localAddress));
    talked = { kind: 'done', outcome };
  } catch (error) {
    const late: VisitEnd = { kind: 'timeout', at: step(), ms: since() };
    talked = isLate ? { kind: 'ended', end: late } : endOf(error, step(), since());
  } finally {
    whole.drop();
    way.signal.removeEventListener('abort', onAbort);
  }
  const ms = since();
  const transcript = shortened(connection.takeTranscript());
  await leave(connection, way.deadlines);
  return { connect, transcript, talked, ms };
}

/** Closes in order (close_notify, FIN): a reset behind QUIT is what servers log of those who attack them. */
async function leave(connection: Connection, deadlines: Deadlines): Promise<void> {
  if (!connection.usable) return connection.close();
  const { socket } = connection.detach();
  const { promise, resolve } = Promise.withResolvers<void>();
  const deadline = deadlines.add(() => socket.destroy());
  deadline.set(CLOSING_MS);
  socket.once('close', () => {
    deadline.drop();
    resolve();
  });
  socket.resume();
  socket.end();
  await promise;
}

/** As messages name it: `mx.example (192.0.2.1:25)`. */
function nameOf({ serverName, address, port }: Endpoint): string {
  const where = formatHostPort(address, port);
  return serverName === null ? where : `${serverName} (${where})`;
}

type Reached =
  | { readonly connection: Connection }
  | Pick<Extract<Connect, { kind: 'failed' }>, 'how' | 'because'>;

async function reach({ endpoint, context, serverName, alpn, deadlines, timeoutMs }: Way): Promise<Reached> {
  const options = {
    peer: nameOf(endpoint),
    patience: patienceOf(timeoutMs),
    deadlines,
    context,
    serverName,
    ...(alpn === undefined ? {} : { alpn }),
  };
  try {
    return { connection: await dial(endpoint, options) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return failureOf(error);
  }
}

/** The whole has a deadline of its own, so that of the waits only those end before it that may be shorter. */
function patienceOf(ms: number): Patience {
  return {
    phases: {
      greeting: Math.min(ms, GREETING_MS),
      reply: ms,
      'data-start': ms,
      'data-end': ms,
      goodbye: Math.min(ms, GOODBYE_MS),
    },
    connect: Math.min(ms, CONNECT_MS),
    handshake: ms,
    dataBlock: ms,
  };
}

/** Why there is no connection. */
export function failureOf(
  error: NetworkError,
): Pick<Extract<Connect, { kind: 'failed' }>, 'how' | 'because'> {
  const { code, cause, message } = error;
  const because = printable(cause === undefined ? message : wordsOf(cause));
  const systemCode = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof systemCode === 'string' && OURS.has(systemCode)) return { how: 'no-route', because };
  return { how: code === 'failed' ? 'other' : code, because };
}

/**
 * What this host or a router near it says: there is no way to that network, no address here to go there from, or it is not
 * allowed to.
 */
const OURS: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'EACCES', 'EPERM']);

/** What is nobody's fault but ours goes on up. */
export function endOf(error: unknown, at: Step, ms: number): Talked<never> {
  const ended = (end: VisitEnd): Extract<Talked<never>, { kind: 'ended' }> => ({ kind: 'ended', end });
  if (error instanceof PeerError) {
    if (error.code === 'closed') return ended({ kind: 'closed', at });
    const broken = ended({ kind: 'broken', at, because: sentenceOf(error) });
    return error.code === 'injected' ? { ...broken, injected: printable(error.evidence) } : broken;
  }
  if (!(error instanceof LostError)) throw error;
  if (error instanceof NetworkError && error.code === 'timeout') return ended({ kind: 'timeout', at, ms });
  if (error instanceof NetworkError && error.code === 'reset') return ended({ kind: 'closed', at });
  return { ...ended({ kind: 'broken', at, because: sentenceOf(error) }), alert: alertOf(error) };
}

/** Whoever words an error cuts what a server says in it; that nobody forgets it is seen to here. */
function sentenceOf({ message }: Error): string {
  return cut(printable(message));
}

function cut(text: string): string {
  return text.length > MAX_LINE_CHARACTERS ? `${text.slice(0, MAX_LINE_CHARACTERS)}…` : text;
}

function shortened(lines: readonly string[]): readonly string[] {
  const kept = lines.slice(0, MAX_LINES).map(cut);
  return lines.length > MAX_LINES ? [...kept, `== ${lines.length - MAX_LINES} lines more`] : kept;
}
