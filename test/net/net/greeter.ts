/** A listener with the least session there can be: it says who is there, and takes content. */
import type { TestContext } from 'node:test';
import type { Accepted, Listener } from '../../../src/net/accept.ts';
import { openCertificates } from '../../../src/net/certificates.ts';
import { type ListenOptions, listen } from '../../../src/net/listen.ts';
import type { BodySink, ServerPatience } from '../../../src/net/server-session.ts';
import type { KeyPair } from '../../../src/net/tls.ts';
import type { Reducer } from '../../../src/wire/session.ts';
import { testDeadlines } from './peer.ts';

interface Words {
  readonly state: null;
  readonly envelope: null;
  readonly intake: string;
  readonly query: null;
  readonly answer: null;
  readonly note: null;
}

export interface Greeter {
  readonly listener: Listener;
  readonly port: number;
  readonly oddities: readonly string[];
  readonly errors: readonly string[];
  /** Sessions that are open. */
  readonly open: () => number;
}

export interface GreeterOptions extends Partial<Omit<ListenOptions<Words>, 'welcome'>> {
  readonly keyPair: KeyPair;
  readonly patience?: Partial<ServerPatience>;
  /** More sessions are refused. */
  readonly sessions?: number;
  readonly openBody?: () => BodySink<string>;
}

/** Says every line back; STARTTLS, TAKE (content) and QUIT do what they say. */
function greeting({ remoteAddress, remotePort, localAddress, localPort }: Accepted): Reducer<Words> {
  const say = (text: string): { kind: 'send'; text: string } => ({ kind: 'send', text: `${text}\r\n` });
  return (state, input) => {
    switch (input.kind) {
      case 'opened':
        return {
          state,
          effects: [say(`220 ${remoteAddress} ${remotePort} ${localAddress} ${localPort}`)],
        };
      case 'line':
        if (input.line === 'STARTTLS') return { state, effects: [say('220 go'), { kind: 'startTls' }] };
        if (input.line === 'QUIT') return { state, effects: [say('221 bye'), { kind: 'close' }] };
        if (input.line !== 'TAKE') return { state, effects: [say(`250 ${input.line}`)] };
        return {
          state,
          effects: [say('354 go on'), { kind: 'takeBody', envelope: null, maxBytes: 64 * 1024 * 1024 }],
        };
      case 'taken':
        return { state, effects: [say(`250 ${input.intake}`)] };
      case 'timeout':
        return { state, effects: [say('421 too slow'), { kind: 'close' }] };
      case 'shutdown':
        return { state, effects: [say('421 4.3.2 closing'), { kind: 'close' }] };
      default:
        return { state, effects: [] };
    }
  };
}

/** Counts what comes and keeps nothing. */
function counting(): BodySink<string> {
  return {
    write: () => undefined,
    finish: ({ size }) => Promise.resolve(`${size} octets`),
    abandon: () => undefined,
  };
}

/** Starts it; it is closed when the test ends. */
export async function startGreeter(t: TestContext, options: GreeterOptions): Promise<Greeter> {
  const { keyPair, patience, sessions = Number.POSITIVE_INFINITY, openBody = counting, ...others } = options;
  const oddities: string[] = [];
  const errors: string[] = [];
  let open = 0;
  const listener = await listen<Words>({
    address: '127.0.0.1',
    port: 0,
    tls: 'starttls',
    certificates: openCertificates([keyPair]),
    deadlines: testDeadlines(t),
    proxies: () => false,
    onOddity: (what, { remoteAddress }) => oddities.push(`${remoteAddress}: ${what}`),
    onError: (what, error) => errors.push(`${what}: ${String(error)}`),
    ...others,
    welcome(accepted) {
      if (open >= sessions) return { kind: 'refused', line: '421 4.3.2 too many\r\n' };
      open += 1;
      return {
        kind: 'session',
        onClosed: () => {
          open -= 1;
        },
        session: {
          reducer: greeting(accepted),
          initial: null,
          maxLineBytes: 1_000,
          bareLineEnding: 'refuse',
          patience: {
            command: 5_000,
            handshake: 1_000,
            answer: 1_000,
            minimumRate: 100,
            dataGrace: 5_000,
            ...patience,
          },
          openBody,
          answer: () => null,
          onNote: () => undefined,
          onOddity: (what) => oddities.push(what),
        },
      };
    },
  });
  t.after(() => listener.close(0));
  return { listener, port: listener.port, oddities, errors, open: () => open };
}
