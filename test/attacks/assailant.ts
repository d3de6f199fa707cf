/** Whoever attacks a server: says what it likes, in the segments it likes, and takes part in TLS when it suits it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { type Asked, type Dialect, honest } from './dialect.ts';

/** How long something that has to come is waited for, ms. */
const PATIENCE_MS = 3_000;
/** How long something that may not come is waited for, ms. */
export const QUIET_MS = 250;

export interface Assailant {
  /** The TLS socket once it is one. */
  readonly socket: Socket;
  /** What came and was not taken, latin1. */
  readonly heard: string;
  /** The server has closed, or broken off. */
  readonly ended: boolean;
  say(text: string): void;
  /** The next answer. @throws Error where none comes. */
  answer(to: Asked): Promise<string>;
  /** Whatever comes until nothing more does. */
  hear(): Promise<string>;
  /** Waits until it is over, at most so many milliseconds. @returns whether it is. */
  over(withinMs: number): Promise<boolean>;
  /** All up to the go-ahead but the words that ask for it. @returns what was heard. */
  approach(): Promise<string>;
  /** The same with those words and the go-ahead. */
  reachGoAhead(): Promise<string>;
  /** Begins TLS. @returns whether it came about. */
  secure(options?: ConnectionOptions): Promise<boolean>;
  /** The same, with these words and the ClientHello in one segment; the go-ahead is taken from what comes first. */
  secureEagerly(words: string): Promise<boolean>;
  /** @returns what was heard on the way, the go-ahead included. @throws Error where TLS does not come about. */
  upgrade(options?: ConnectionOptions): Promise<string>;
  /** A second handshake within TLS. @returns whether it came about. */
  renegotiate(): Promise<boolean>;
  /** TCP's end, without TLS's own. */
  cutOff(): void;
  close(): void;
}

/** Connects. */
export async function assail(dialect: Dialect, port: number): Promise<Assailant> {
  const plain = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  plain.on('error', () => plain.destroy());
  await once(plain, 'connect');
  let socket: Socket = plain;
  let heard = '';
  let ended = false;
  let look: (() => void) | undefined;
  const listen = (from: Socket): void => {
    from.on('data', (bytes: Buffer) => {
      heard += bytes.toString('latin1');
      look?.();
    });
    for (const event of ['end', 'close', 'error']) {
      from.on(event, () => {
        ended = true;
        look?.();
      });
    }
  };
  listen(plain);

  const take = (end: number): string => {
    const taken = heard.slice(0, end);
    heard = heard.slice(end);
    return taken;
  };
  /** @throws Error where it does not become so. */
  const until = <Value>(what: string, ready: () => Value | undefined): Promise<Value> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        look = undefined;
        clearTimeout(timer);
      };
      const fail = (): void => {
        settle();
        reject(new Error(`${dialect.protocol}: ${what} did not come; heard ${JSON.stringify(heard)}`));
      };
      const timer = setTimeout(fail, PATIENCE_MS);
      look = () => {
        const value = ready();
        if (value !== undefined) {
          settle();
          resolve(value);
        } else if (ended) fail();
      };
      look();
    });

  const handshake = async (wire: Duplex, options: ConnectionOptions): Promise<boolean> => {
    const secure = connectTls({ socket: wire, rejectUnauthorized: false, ...options });
    socket = secure;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS);
      const settle = (done: boolean): void => {
        clearTimeout(timer);
        resolve(done);
      };
      secure.once('secureConnect', () => {
        listen(secure);
        settle(true);
      });
      for (const event of ['error', 'close', 'end']) secure.on(event, () => settle(false));
      wire.on('close', () => settle(false));
    });
  };

  const client: Assailant = {
    get socket() {
      return socket;
    },
    get heard() {
      return heard;
    },
    get ended() {
      return ended;
    },
    say: (text) => void socket.write(text, 'latin1'),
    async answer(to) {
      const end = await until(`the answer to ${to}`, () => answerEnd(dialect, heard, to));
      return take(end);
    },
    async hear() {
      for (let length = -1; length < heard.length && !ended; ) {
        length = heard.length;
        await sleep(QUIET_MS);
      }
      return take(heard.length);
    },
    async over(withinMs) {
      for (const end = performance.now() + withinMs; performance.now() < end && !ended; ) await sleep(10);
      return ended;
    },
    async approach() {
      let said = '';
      if (dialect.greeting(honest) !== '') said += await client.answer('greeting');
      if (dialect.ask !== null) {
        client.say(dialect.ask);
        said += await client.answer('offers');
      }
      return said;
    },
    async reachGoAhead() {
      const said = await client.approach();
      client.say(dialect.upgrade);
      const goAhead = dialect.goAhead === '' ? '' : await client.answer('goAhead');
      if (!goesAhead(dialect, goAhead)) throw new Error(`${dialect.protocol}: no go-ahead but ${goAhead}`);
      return said + goAhead;
    },
    async secure(options = {}) {
      plain.removeAllListeners('data');
      plain.pause();
      if (ended) return false;
      return handshake(plain, options);
    },
    async secureEagerly(words) {
      plain.removeAllListeners('data');
      let toSay = words;
      let goAhead = '';
      const wire = new Duplex({
        read: () => {},
        write: (chunk: Buffer, _encoding, done) => {
          plain.write(Buffer.concat([Buffer.from(toSay, 'latin1'), chunk]), done);
          toSay = '';
        },
      });
      plain.on('close', () => wire.destroy());
      plain.on('data', (bytes: Buffer) => {
        if (dialect.goAhead === '' || answerEnd(dialect, goAhead, 'goAhead') !== undefined) {
          wire.push(bytes);
          return;
        }
        goAhead += bytes.toString('latin1');
        const end = answerEnd(dialect, goAhead, 'goAhead');
        if (end !== undefined && end < goAhead.length) wire.push(Buffer.from(goAhead.slice(end), 'latin1'));
        if (end !== undefined) goAhead = goAhead.slice(0, end);
      });
      return handshake(wire, {});
    },
    async upgrade(options) {
      const said = await client.reachGoAhead();
      if (!(await client.secure(options))) throw new Error(`${dialect.protocol}: no TLS`);
      return said;
    },
    renegotiate: () =>
      new Promise((resolve) => {
        if (!(socket instanceof TLSSocket)) throw new Error('there is no TLS to negotiate anew');
        for (const event of ['error', 'close', 'end']) socket.on(event, () => resolve(false));
        socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error === null));
      }),
    cutOff: () => void plain.end(),
    close: () => void plain.destroy(),
  };
  return client;
}

function answerEnd(dialect: Dialect, heard: string, to: Asked): number | undefined {
  return heard === '' ? undefined : dialect.answerEnds(heard, to);
}

/** Result code success of LDAP, whatever else stands in the answer. */
const LDAP_SUCCESS = '\x0a\x01\x00';

/** Whether TLS begins now. */
export function goesAhead(dialect: Dialect, answer: string): boolean {
  if (dialect.protocol === 'ldap') return answer.charCodeAt(5) === 0x78 && answer.includes(LDAP_SUCCESS);
  if (dialect.protocol === 'imap') return /(?:^|\r\n)w2 OK/.test(answer);
  return dialect.isPositive(answer, 'goAhead');
}
