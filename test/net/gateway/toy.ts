/** A protocol of a few words, so that the driver of gateway sessions can be tested without any of the real ones. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type Accepted, accept } from '../../../src/net/accept.ts';
import type { Upgrade } from '../../../src/net/attend.ts';
import type { BackendAnswer, BackendWays } from '../../../src/net/backend-side.ts';
import { openCertificates } from '../../../src/net/certificates.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { dialPlain } from '../../../src/net/dial-plain.ts';
import { wordsOf } from '../../../src/net/error.ts';
import { handshakes } from '../../../src/net/handshake.ts';
import { mediate } from '../../../src/net/mediate.ts';
import type { GatewayPatience, MediateEnd } from '../../../src/net/mediation.ts';
import {
  beginGatewaySession,
  type GatewayEffect,
  type GatewayInput,
  type GatewayRun,
  type GatewaySession,
  type GatewayStep,
} from '../../../src/wire/gateway-session.ts';
import type { TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';

export const authority = await createAuthority();
const pair = await authority.issue({ names: ['gateway.test'] });

interface ToyState {
  readonly secured: boolean;
}

/**
 * One command a line. TLS: upgrade. BACKEND: connect to it. OPEN: the connection counts as used in clear. SPLICE: pass
 * everything on. TELL text: say it to the backend. BIG: answer with 100,000 octets. LOGIN user: a login in clear.
 * QUIT: goodbye. What the backend says is passed on by lines, with `b:` before each; the line BYE closes.
 */
export const toy: GatewaySession<ToyState> = {
  initial: { secured: false },
  step(state, input) {
    switch (input.kind) {
      case 'opened':
        return say(state, input.tls === undefined ? 'hello\n' : 'hello inside\n');
      case 'secured':
        return say({ secured: true }, 'inside\n');
      case 'connected':
        return say(state, 'connected\n');
      case 'unreachable':
        return over(state, `no: ${input.because}\n`, 'there is no backend');
      case 'timeout':
        return over(state, 'too slow\n', 'too slow');
      case 'shutdown':
        return over(state, 'stopping\n', 'stopping');
      case 'client':
      case 'backend':
        return onLine(state, input);
    }
  },
};

function onLine(
  state: ToyState,
  { kind, unread }: Extract<GatewayInput, { kind: 'client' | 'backend' }>,
): GatewayStep<ToyState> {
  const end = unread.indexOf('\n');
  if (end === -1) return { state, used: 0, effects: [] };
  const used = end + 1;
  const line = unread.toString('latin1', 0, end);
  if (kind === 'backend') return { state, used, effects: [toClient(`b:${line}\n`)] };
  const [word = '', ...rest] = line.split(' ');
  const text = rest.join(' ');
  return { state, used, effects: effectsOf(word, text) };
}

function effectsOf(word: string, text: string): readonly GatewayEffect[] {
  switch (word) {
    case 'TLS':
      return [toClient('go\n'), { kind: 'startTls' }];
    case 'BACKEND':
      return [{ kind: 'connect', name: text === '' ? null : text }];
    case 'OPEN':
      return [{ kind: 'inClear' }];
    case 'SPLICE':
      return [toClient('now\n'), { kind: 'splice' }];
    case 'TELL':
      return [{ kind: 'toBackend', bytes: Buffer.from(`${text}\n`) }];
    case 'BIG':
      return [{ kind: 'toClient', bytes: Buffer.alloc(100_000, 'x') }];
    case 'LOGIN':
      return [toClient('no\n'), { kind: 'exposed', user: text }];
    case 'QUIT':
      return [toClient('bye\n'), { kind: 'close', because: 'said goodbye' }];
    default:
      return [toClient('what?\n'), { kind: 'oddity', what: `said ${word}` }];
  }
}

function toClient(text: string): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(text) };
}

function say(state: ToyState, text: string): GatewayStep<ToyState> {
  return { state, used: 0, effects: [toClient(text)] };
}

function over(state: ToyState, text: string, because: string): GatewayStep<ToyState> {
  return { state, used: 0, effects: [toClient(text), { kind: 'close', because }] };
}

export interface ToyGateway {
  readonly port: number;
  readonly ends: readonly MediateEnd[];
  readonly secured: readonly TlsFacts[];
  readonly notes: readonly string[];
  ended(count?: number): Promise<MediateEnd>;
  close(graceMs: number): Promise<void>;
}

export interface ToyOptions {
  readonly backend?: number;
  readonly tls?: 'implicit';
  readonly patience?: Partial<GatewayPatience>;
  readonly admit?: (facts: TlsFacts) => string | undefined;
  readonly ways?: Partial<BackendWays>;
  readonly run?: () => GatewayRun;
}

const patience: GatewayPatience = {
  clear: 5_000,
  handshake: 5_000,
  connect: 5_000,
  idle: 5_000,
  session: Number.POSITIVE_INFINITY,
};

/** Attends to clients in the toy protocol. */
export async function toyGateway(t: TestContext, options: ToyOptions = {}): Promise<ToyGateway> {
  const deadlines = startDeadlines(10);
  const ends: MediateEnd[] = [];
  const sockets = new Set<Socket>();
  const secured: TlsFacts[] = [];
  const notes: string[] = [];
  const upgrade: Upgrade = handshakes(openCertificates([pair]), ['toy']);
  const listener = await accept({
    address: '127.0.0.1',
    port: 0,
    deadlines,
    proxies: () => false,
    receive(socket: Socket, _accepted: Accepted) {
      sockets.add(socket);
      const mediated = mediate(socket, {
        run: options.run?.() ?? beginGatewaySession(toy),
        tls: options.tls ?? 'starttls',
        upgrade,
        admit: options.admit ?? (() => undefined),
        backend: {
          connect: (_name, signal) => dialled(options.backend ?? 1, { deadlines, within: 2_000, signal }),
          secure: () => Promise.resolve({ kind: 'unreachable', because: 'the toy has no such thing' }),
          ...options.ways,
        },
        deadlines,
        patience: { ...patience, ...options.patience },
        watch: {
          onSecured: (facts) => secured.push(facts),
          onHandshakeFailed: () => notes.push('handshake failed'),
          onUpstream: () => notes.push('upstream'),
          onExposed: (user) => notes.push(`exposed ${user}`),
          onClear: () => notes.push('in clear'),
          onOddity: (what) => notes.push(what),
        },
      });
      void mediated.ended.then((end) => ends.push(end));
      return mediated;
    },
    onOddity: (what) => notes.push(what),
    onError: (what) => notes.push(what),
  });
  let closed = false;
  const close = async (graceMs: number): Promise<void> => {
    if (closed) return;
    closed = true;
    await listener.close(graceMs);
    // Last: goodbyes that nobody reads are cut short by them.
    deadlines.close();
  };
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return close(0);
  });
  return {
    port: listener.port,
    ends,
    secured,
    notes,
    async ended(count = 1) {
      const until = performance.now() + 8_000;
      for (;;) {
        const end = ends[count - 1];
        if (end !== undefined) return end;
        if (performance.now() > until) throw new Error(`${ends.length} of ${count} connections ended`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    close,
  };
}

async function dialled(port: number, options: Parameters<typeof dialPlain>[1]): Promise<BackendAnswer> {
  try {
    const socket = await dialPlain({ kind: 'tcp', address: '127.0.0.1', port }, options);
    return { kind: 'connected', socket, unread: new Uint8Array(), upstream: undefined };
  } catch (error) {
    return { kind: 'unreachable', because: wordsOf(error) };
  }
}

/** A plain server; every socket is half-open, and destroyed with the test. */
export async function backendOf(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the backend has no port');
  return address.port;
}

export interface ToyClient {
  readonly socket: Socket;
  say(text: string): void;
  /** Waits until all of this has come, and nothing else before it. */
  hear(text: string): Promise<void>;
  /** All that comes until the far side ends; then we end, too. */
  rest(): Promise<string>;
  /** Goes on inside TLS. */
  secure(options?: ConnectionOptions): Promise<ToyClient>;
}

/** A client in clear. */
export async function toyClient(t: TestContext, port: number): Promise<ToyClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => socket.destroy());
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return clientOn(t, socket);
}

/** A client that begins with TLS. */
export async function toyTlsClient(
  t: TestContext,
  port: number,
  options: ConnectionOptions = {},
): Promise<ToyClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  return await inTls(t, socket, options);
}

async function inTls(t: TestContext, socket: Socket, options: ConnectionOptions): Promise<ToyClient> {
  const secure: TLSSocket = connectTls({
    socket,
    servername: 'gateway.test',
    ca: authority.certPem,
    ...options,
  });
  secure.on('error', () => secure.destroy());
  t.after(() => secure.destroy());
  await once(secure, 'secureConnect');
  return clientOn(t, secure);
}

function clientOn(t: TestContext, socket: Socket): ToyClient {
  let unread = '';
  let ended = false;
  let wake = (): void => undefined;
  const onData = (bytes: Buffer): void => {
    unread += bytes.toString('latin1');
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  socket.on('data', onData).on('end', onEnd).on('close', onEnd);
  const more = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return {
    socket,
    say: (text) => void socket.write(text, 'latin1'),
    async hear(text) {
      while (unread.length < text.length && !ended) await more();
      const heard = unread.slice(0, text.length);
      if (heard !== text)
        throw new Error(`heard ${JSON.stringify(unread)} instead of ${JSON.stringify(text)}`);
      unread = unread.slice(text.length);
    },
    async rest() {
      while (!ended) await more();
      socket.end();
      return unread;
    },
    async secure(options = {}) {
      socket.pause();
      socket.off('data', onData).off('end', onEnd);
      return await inTls(t, socket, options);
    },
  };
}
