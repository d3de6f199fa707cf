/** One connection of a visit: from its beginning to its end, within its time, whatever the server does. */
import type { SecureContext } from 'node:tls';
import type { Endpoint } from '../findings/endpoint.ts';
import type { Connect, Step, VisitEnd } from '../findings/observation.ts';
import { formatHostPort } from '../names/address.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { dial } from '../net/dial.ts';
import type { Connection, Patience } from '../net/drive.ts';
import { alertOf, NetworkError } from '../net/error.ts';
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
}

/** What came of a dialogue. */
export type Talked<Outcome> =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  /** `alert`: the one that the server sent inside TLS; undefined where it sent none. */
  | { readonly kind: 'ended'; readonly end: VisitEnd; readonly alert: string | undefined };

export interface Connected<Outcome> {
  readonly connect: Connect;
  readonly transcript: readonly string[];
  readonly talked: Talked<Outcome>;
}

/** A server that greets late on purpose (greet pause, postscreen, tarpits) has greeted by then; RFC 5321 allows 5 minutes. */
const GREETING_MS = 120_000;
const CONNECT_MS = 20_000;
const GOODBYE_MS = 5_000;
const MAX_LINES = 160;
const MAX_LINE_CHARACTERS = 400;

/**
 * Connects and runs one dialogue. It never rejects for what the server or the network does.
 *
 * @param step where the dialogue is, asked when it breaks off.
 */
export async function talkOnce<Outcome>(
  way: Way,
  talk: (channel: Channel) => Talk<Outcome>,
  step: () => Step,
): Promise<Connected<Outcome>> {
  const { deadlines, timeoutMs } = way;
  const began = performance.now();
  const since = (): number => Math.round(performance.now() - began);
  const reached = await reach(way);
  if (!('connection' in reached)) {
    const connect: Connect = { kind: 'failed', ...reached, ms: since() };
    return { connect, transcript: [], talked: ended({ kind: 'not-connected' }) };
  }
  const { connection } = reached;
  const connect: Connect = { kind: 'connected', ms: since() };
  let isLate = false;
  const whole = deadlines.add(() => {
    isLate = true;
    connection.close();
  });
  whole.set(Math.max(timeoutMs - since(), 1));
  let talked: Talked<Outcome>;
  try {
    talked = { kind: 'done', outcome: await connection.run(talk(connection.channel)) };
  } catch (error) {
    talked = isLate ? ended({ kind: 'timeout', at: step(), ms: since() }) : endOf(error, step(), since());
  }
  whole.drop();
  connection.close();
  return { connect, transcript: shortened(connection.takeTranscript()), talked };
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
    return { how: howOf(error), because: printable(error.message) };
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

function howOf({ code, cause }: NetworkError): Extract<Connect, { kind: 'failed' }>['how'] {
  const systemCode = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  // Told by this host or a router near it: there is no way to that network, or no address here to go there from.
  if (systemCode === 'ENETUNREACH' || systemCode === 'EADDRNOTAVAIL') return 'no-route';
  return code === 'failed' ? 'other' : code;
}

function ended(end: VisitEnd, alert?: string): Extract<Talked<never>, { kind: 'ended' }> {
  return { kind: 'ended', end, alert };
}

/** What is nobody's fault but ours goes on up. */
function endOf(error: unknown, at: Step, ms: number): Talked<never> {
  if (error instanceof PeerError) {
    if (error.code === 'closed') return ended({ kind: 'closed', at });
    return ended({ kind: 'broken', at, because: printable(error.message) });
  }
  if (!(error instanceof LostError)) throw error;
  if (error instanceof NetworkError && error.code === 'timeout') return ended({ kind: 'timeout', at, ms });
  if (error instanceof NetworkError && error.code === 'reset') return ended({ kind: 'closed', at });
  return ended({ kind: 'broken', at, because: printable(error.message) }, alertOf(error));
}

function shortened(lines: readonly string[]): readonly string[] {
  const kept = lines
    .slice(0, MAX_LINES)
    .map((line) => (line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line));
  return lines.length > MAX_LINES ? [...kept, `== ${lines.length - MAX_LINES} lines more`] : kept;
}
