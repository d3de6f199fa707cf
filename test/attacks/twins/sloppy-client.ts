/** A client that upgrades by any dialect, right in everything but the weaknesses it is given. */
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Asked, Dialect } from '../dialect.ts';

/** What is wrong with it. */
export type ClientWeakness =
  /** What came in clear behind the go-ahead is taken for answers inside TLS. */
  | 'keepsLeftover'
  /** It does something else before it begins the handshake, and goes on reading meanwhile. */
  | 'dawdles'
  /** Whatever is not a no is a yes. */
  | 'takesAnyPositive'
  /** Without TLS it goes on in clear. */
  | 'goesOnInClear'
  /** It acts inside TLS on what was offered in clear. */
  | 'keepsOffers'
  /** What the server said in clear is shown as the server's word. */
  | 'showsClearWords'
  /** A server that says so is followed to another one. */
  | 'followsReferrals'
  /** No certificate is looked at. */
  | 'trustsAnyone'
  /** An end is the end of an answer. */
  | 'takesTruncated'
  /** It waits for as long as octets come, and keeps all of them. */
  | 'endlessPatience'
  /** It asks again where it was refused. */
  | 'asksAgain'
  /** A new handshake within TLS is as good as the first. */
  | 'renegotiates'
  /** Where the handshake fails it comes again, in clear. */
  | 'comesBackInClear'
  /** TLS 1.0 is as good as any. */
  | 'takesOldTls';

export interface Target {
  readonly port: number;
  readonly serverName: string;
  /** PEM of who vouches for the server. */
  readonly ca: string;
  /** How long anything is waited for, ms. */
  readonly patienceMs: number;
}

/** How far a client came. */
export interface Upgrade {
  /** Inside TLS, or in clear where it goes on all the same; undefined where it stopped. */
  readonly socket: Socket | undefined;
  readonly inTls: boolean;
  /** What it believes that the server said, latin1. */
  readonly believed: string;
  /** Why it stopped. */
  readonly told: string;
  /** Came and was not used. */
  readonly unread: string;
}

/** Beyond that it does not look any more whether the answer is whole. */
const LOOKS_AT = 65_536;
const MAX_ASKED = 50;

class Stopped extends Error {}

/** Brings a connection to TLS, as far as the server's words and the weaknesses allow. */
export async function upgrade(
  dialect: Dialect,
  target: Target,
  weaknesses: readonly ClientWeakness[],
): Promise<Upgrade> {
  const is = (weakness: ClientWeakness): boolean => weaknesses.includes(weakness);
  const reader = await openReader(target, is);
  const state = { believed: '', inTls: false };
  try {
    await upgradeOn(reader, dialect, target, is, state);
    return { ...state, told: '', socket: reader.socket, unread: reader.take() };
  } catch (error) {
    reader.socket.destroy();
    if (is('comesBackInClear')) await comeBack(dialect, target.port);
    if (!(error instanceof Stopped) && !(error instanceof Error && 'code' in error)) throw error;
    return { ...state, told: error.message, socket: undefined, unread: '' };
  }
}

type Is = (weakness: ClientWeakness) => boolean;
type State = { believed: string; inTls: boolean };

async function upgradeOn(
  reader: Reader,
  dialect: Dialect,
  target: Target,
  is: Is,
  state: State,
): Promise<void> {
  let offers = '';
  const hear = async (to: Asked): Promise<string> => {
    const answer = await reader.until((unread) => dialect.answerEnds(unread, to));
    if (!dialect.isPositive(answer, to) && !(is('takesAnyPositive') && !looksNegative(answer))) {
      if (is('showsClearWords')) state.believed += answer;
      if (is('followsReferrals')) await follow(dialect, answer);
      throw new Stopped(`${to} was refused`);
    }
    return answer;
  };
  const inClear = (because: string): void => {
    if (!is('goesOnInClear')) throw new Stopped(because);
  };
  if (dialect.greeting({ startTls: 'offered', extra: '' }) !== '') offers = await hear('greeting');
  if (is('showsClearWords')) state.believed += offers;
  if (dialect.ask !== null) {
    reader.say(dialect.ask);
    offers = await hear('offers');
    if (is('showsClearWords')) state.believed += offers;
  }
  if (is('keepsOffers')) state.believed += offers;
  if (!dialect.offersStartTls(offers)) return inClear('TLS is not offered');
  for (let asked = 1; ; asked++) {
    if (!is('keepsLeftover') && !is('takesAnyPositive')) reader.assertSilence();
    reader.say(dialect.upgrade);
    try {
      const goAhead = await hear('goAhead');
      if (is('showsClearWords')) state.believed += goAhead;
      break;
    } catch (error) {
      if (is('asksAgain') && !reader.ended && asked < MAX_ASKED) continue;
      if (!(error instanceof Stopped) || reader.ended) throw error;
      return inClear(error.message);
    }
  }
  if (is('dawdles')) await reader.something();
  if (!is('keepsLeftover')) reader.assertSilence();
  await reader.secure(target);
  state.inTls = true;
  await speakInside(reader, dialect, hear, state);
}

/** The first words inside, by which a stream that is off by one shows. */
async function speakInside(
  reader: Reader,
  dialect: Dialect,
  hear: (to: Asked) => Promise<string>,
  state: State,
): Promise<void> {
  if (dialect.greetsInside) state.believed += await hear('greeting');
  if (dialect.askInside !== null) {
    reader.say(dialect.askInside);
    state.believed += await hear('offers');
  }
}

/** Goes where it is sent. */
async function follow(dialect: Dialect, answer: string): Promise<void> {
  const port = /127\.0\.0\.1:([0-9]+)/.exec(answer)?.[1];
  if (port !== undefined) await comeBack(dialect, Number(port));
}

/** Logs in on a connection of its own, in clear. */
async function comeBack({ login }: Dialect, port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => socket.destroy());
  socket.resume();
  await once(socket, 'connect');
  socket.end(login);
  await once(socket, 'close');
}

/** By its first word, as clients do that know nothing of the protocol's codes. */
function looksNegative(answer: string): boolean {
  return /^(?:[45]\d\d|-ERR|NO|BYE|\S+ (?:NO|BAD|BYE)|<failure|<stream:error|E|N$)/.test(answer);
}

/** Logs in over what was brought about. @returns what the server answers. */
export async function logIn(
  dialect: Dialect,
  { patienceMs }: Target,
  { socket, inTls, unread }: Upgrade,
): Promise<string> {
  if (socket === undefined) return '';
  let heard = unread;
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
  });
  socket.write(inTls ? dialect.loginInside : dialect.login, 'latin1');
  const until = performance.now() + patienceMs;
  while (heard.length === unread.length && performance.now() < until && !socket.destroyed) await sleep(5);
  await sleep(10);
  return heard;
}

interface Reader {
  readonly socket: Socket;
  readonly ended: boolean;
  say(text: string): void;
  /** The next unit. */
  until(ends: (unread: string) => number | undefined): Promise<string>;
  /** What is left unread. */
  take(): string;
  /** Waits until anything is there. */
  something(): Promise<void>;
  assertSilence(): void;
  secure(target: Target): Promise<void>;
}

async function openReader({ port, patienceMs }: Target, is: Is): Promise<Reader> {
  const plain = connect({ port, host: '127.0.0.1', noDelay: true });
  const chunks: string[] = [];
  let length = 0;
  let ended = false;
  let look: (() => void) | undefined;
  let socket: Socket = plain;
  const listen = (from: Socket): void => {
    from.on('data', (bytes: Buffer) => {
      chunks.push(bytes.toString('latin1'));
      length += bytes.length;
      look?.();
    });
    from.on('error', () => from.destroy());
    for (const event of ['end', 'close']) {
      from.on(event, () => {
        if (from !== socket) return;
        ended = true;
        look?.();
      });
    }
  };
  const take = (end?: number): string => {
    const all = chunks.splice(0).join('');
    const taken = all.slice(0, end);
    if (taken.length < all.length) chunks.push(all.slice(taken.length));
    length = all.length - taken.length;
    return taken;
  };
  listen(plain);
  await once(plain, 'connect');
  return {
    get socket() {
      return socket;
    },
    get ended() {
      return ended;
    },
    say: (text) => void socket.write(text, 'latin1'),
    until: (ends) =>
      new Promise<string>((resolve, reject) => {
        const settle = (result: string | Error): void => {
          clearTimeout(timer);
          look = undefined;
          if (typeof result === 'string') resolve(result);
          else reject(result);
        };
        const timer = setTimeout(() => {
          if (!is('endlessPatience')) settle(new Stopped('it took too long'));
        }, patienceMs);
        look = () => {
          if (length > LOOKS_AT) {
            if (!is('endlessPatience') || ended) settle(new Stopped('it was too long'));
            return;
          }
          const all = take();
          const end = ends(all);
          if (end === undefined) {
            if (all !== '') {
              chunks.push(all);
              length = all.length;
            }
            if (ended) settle(is('takesTruncated') ? take() : new Stopped('the server hung up'));
            return;
          }
          chunks.push(all.slice(end));
          length = all.length - end;
          settle(all.slice(0, end));
        };
        look();
      }),
    take: () => take(),
    async something() {
      const until = performance.now() + patienceMs;
      while (length === 0 && !ended && performance.now() < until) await sleep(5);
    },
    assertSilence() {
      if (length > 0) throw new Stopped('the server spoke out of turn');
    },
    async secure({ serverName, ca }) {
      plain.removeAllListeners('data');
      plain.pause();
      const secured = connectTls({
        socket: plain,
        servername: serverName,
        ca,
        ...(is('takesOldTls') ? { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
        secureOptions: is('renegotiates') ? 0 : constants.SSL_OP_NO_RENEGOTIATION,
        rejectUnauthorized: !is('trustsAnyone'),
        checkServerIdentity: is('trustsAnyone') ? () => undefined : checkServerIdentity,
      });
      socket = secured;
      listen(secured);
      const late = setTimeout(() => {
        if (!is('endlessPatience')) secured.destroy(new Stopped('the handshake took too long'));
      }, patienceMs);
      try {
        await new Promise<void>((resolve, reject) => {
          secured.once('secureConnect', resolve);
          secured.once('error', (error) => reject(new Stopped(error.message)));
          secured.once('close', () => reject(new Stopped('the server hung up in the handshake')));
        });
      } finally {
        clearTimeout(late);
      }
    },
  };
}
