/**
 * A server's side of the upgrade by any dialect, before a plain backend: right in everything but its weaknesses.
 *
 * In clear it answers out of the dialect; inside TLS it passes octets on. It shares no code with src/.
 */

import { constants } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from '../../support/certificates.ts';
import { type Dialect, honest } from '../dialect.ts';

/** What is wrong with it. */
export type FrontWeakness =
  /** What was read behind the request for TLS is run inside TLS (CVE-2011-0411). */
  | 'keepsLeftover'
  /** It goes on reading in clear before the handshake. */
  | 'dawdles'
  /** What was read behind the request for TLS is thrown away, a ClientHello with it. */
  | 'dropsLeftover'
  /** What is said in clear goes to the backend, whose connection outlives the upgrade. */
  | 'keepsState'
  /** Its offers in clear hold logins. */
  | 'offersLogins'
  /** A second request for TLS is as good as the first. */
  | 'upgradesTwice'
  /** What the backend offers is offered, its own TLS included. */
  | 'passesOffers'
  /** The backend's greeting is passed on inside TLS, behind the one in clear. */
  | 'greetsTwice'
  /** Whoever begins with a ClientHello gets TLS at once, on the port that begins in clear. */
  | 'takesEither'
  /** ALPN is not looked at. */
  | 'takesAnyAlpn'
  /** A request of HTTP is one wrong command among others, and is quoted. */
  | 'answersHttp'
  /** TLS may be negotiated anew. */
  | 'renegotiates'
  /** An end without TLS's own is the end of whatever was not finished. */
  | 'takesTruncated'
  /** Nothing is ever too late or too long. */
  | 'endlessPatience'
  /** Each octet moves the deadline. */
  | 'idleDeadline'
  /** Everybody may come. */
  | 'takesEverybody'
  /** Content is passed on as it is, whatever its line ends. */
  | 'passesBareEnds';

export interface SloppyFront {
  /** Begins in clear. */
  readonly port: number;
  /** TLS from the first octet. */
  readonly tlsPort: number;
  close(): void;
}

export interface SloppyOptions {
  readonly dialect: Dialect;
  readonly certificate: Certificate;
  /** Port of the plain server behind. */
  readonly backend: number;
  readonly weaknesses: readonly FrontWeakness[];
  /** Milliseconds for a request in clear, and for the handshake. */
  readonly patienceMs: number;
  /** At once. */
  readonly maxConnections: number;
}

/** How the record of a ClientHello begins. */
const HELLO = '\x16\x03\x01';
const MAX_UNREAD = 65_536;
const MAX_REQUESTS = 100;
/** Ends of content for some readers and not for others. */
const FALSE_END = /(?<!\r)\n\.[\r\n]|\r\.[\r\n]|\n\.\n|\n\.\r(?!\n)/;

export async function startSloppyFront(options: SloppyOptions): Promise<SloppyFront> {
  const { certificate, weaknesses, maxConnections } = options;
  const sockets = new Set<Socket>();
  const context = createSecureContext({
    cert: certificate.certPem,
    key: certificate.keyPem,
    secureOptions: weaknesses.includes('renegotiates') ? 0 : constants.SSL_OP_NO_RENEGOTIATION,
  });
  const listen = async (tls: 'starttls' | 'implicit'): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (sockets.size >= maxConnections && !weaknesses.includes('takesEverybody')) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      attend(socket, tls, options, context);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  const [plain, implicit] = await Promise.all([listen('starttls'), listen('implicit')]);
  return {
    port: portOf(plain),
    tlsPort: portOf(implicit),
    close() {
      plain.close();
      implicit.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the twin has no port');
  return address.port;
}

/** MySQL's greeting carries state, so its backend is there from the beginning; nobody greets for it. */
function attend(
  plain: Socket,
  tls: 'starttls' | 'implicit',
  options: SloppyOptions,
  context: SecureContext,
): void {
  const { dialect, backend, weaknesses, patienceMs } = options;
  const is = (weakness: FrontWeakness): boolean => weaknesses.includes(weakness);
  let client: Socket = plain;
  let upstream: Socket | undefined;
  let unread = '';
  let at: 'clear' | 'upgrading' | 'inside' = 'clear';
  let seen = '';
  let requests = 0;
  /** The next octets are the first in clear, or inside TLS. */
  let begins = true;

  const late = (): void => void plain.destroy();
  let timer = setTimeout(late, patienceMs);
  const moveDeadline = (): void => {
    clearTimeout(timer);
    if (at !== 'inside' && !is('endlessPatience')) timer = setTimeout(late, patienceMs);
  };
  if (is('endlessPatience')) clearTimeout(timer);
  plain.on('close', () => {
    clearTimeout(timer);
    upstream?.destroy();
  });
  if (is('idleDeadline')) plain.on('data', moveDeadline);

  function onData(bytes: Buffer): void {
    if (begins && isHttp(bytes.toString('latin1')) && !is('answersHttp')) return void plain.destroy();
    begins = false;
    unread += bytes.toString('latin1');
    // Whatever it dawdled with is done once more comes.
    if (at === 'upgrading') return secure();
    if (unread.length > MAX_UNREAD) {
      if (!is('endlessPatience')) plain.destroy();
      return;
    }
    work();
  }

  function work(): void {
    if (at === 'inside') return relayInside();
    if (at === 'clear' && is('takesEither') && unread.charCodeAt(0) === 0x16) return secure();
    while (at === 'clear') {
      const end = unread === '' ? undefined : dialect.requestEnds(unread);
      if (end === undefined || end === 0) return;
      const request = unread.slice(0, end);
      unread = unread.slice(end);
      if (++requests > MAX_REQUESTS && !is('endlessPatience')) return void plain.destroy();
      if (dialect.isUpgrade(request)) {
        plain.write(dialect.goAhead, 'latin1');
        at = 'upgrading';
        moveDeadline();
        if (!is('dawdles') || unread !== '') secure();
      } else if (is('keepsState')) reachBackend().write(request, 'latin1');
      else plain.write(isHttp(request) ? `500 what is ${request}` : inClear(request), 'latin1');
    }
  }

  /** Offers, and no to everything else; where the protocol has no offers, the end. */
  function inClear(request: string): string {
    if (request === dialect.ask) {
      if (is('offersLogins')) return dialect.answer(request, { ...honest, extra: 'AUTHINFO USER' });
      return withoutLogins(dialect.answer(request, honest));
    }
    if (request.startsWith('NOOP')) return dialect.answer(request, honest);
    return dialect.refusal?.('TLS first') ?? '';
  }

  function secure(): void {
    at = 'upgrading';
    plain.removeListener('data', onData);
    plain.pause();
    if (is('dropsLeftover')) unread = '';
    // A ClientHello that came meanwhile goes to TLS, and plaintext with it unless that is kept.
    const hello = unread.indexOf(HELLO);
    const kept = is('keepsLeftover') ? unread.slice(0, hello === -1 ? undefined : hello) : '';
    if (unread !== kept) plain.unshift(Buffer.from(unread.slice(kept.length), 'latin1'));
    unread = kept;
    const secured = new TLSSocket(plain, {
      isServer: true,
      secureContext: context,
      ...(is('takesAnyAlpn') ? { ALPNCallback: ({ protocols }) => protocols[0] } : { ALPNProtocols: ['x'] }),
    });
    for (const event of ['error', '_tlsError']) secured.on(event, () => secured.destroy());
    secured.once('secure', () => {
      client = secured;
      at = 'inside';
      begins = true;
      clearTimeout(timer);
      const target = reachBackend();
      target.on('close', () => secured.destroy());
      secured.on('end', () => {
        // Of a line, and of a message.
        if (is('takesTruncated')) target.write(`${unread}\r\n.\r\n`, 'latin1');
        target.end();
      });
      work();
    });
    secured.on('data', onData);
  }

  /** Whole requests only, so that one which was cut off is not passed on. */
  function relayInside(): void {
    for (;;) {
      const end = unread === '' ? undefined : dialect.requestEnds(unread);
      if (end === undefined || end === 0) return;
      const request = unread.slice(0, end);
      unread = unread.slice(end);
      seen = (seen + request).slice(-200);
      if (FALSE_END.test(seen) && !is('passesBareEnds')) return void plain.destroy();
      if (!dialect.isUpgrade(request)) reachBackend().write(request, 'latin1');
      else if (is('upgradesTwice')) client.write(dialect.goAhead, 'latin1');
      else client.write(dialect.refusal?.('TLS is active') ?? '', 'latin1');
    }
  }

  function reachBackend(): Socket {
    if (upstream !== undefined) return upstream;
    const target = connect({ port: backend, host: '127.0.0.1', noDelay: true });
    upstream = target;
    let greeting =
      dialect.protocol !== 'mysql' && !dialect.greetsInside && tls === 'starttls' ? '' : undefined;
    if (is('greetsTwice') || dialect.greeting(honest) === '') greeting = undefined;
    target.on('error', () => target.destroy());
    target.on('data', (bytes: Buffer) => {
      let text = bytes.toString('latin1');
      if (greeting !== undefined) {
        greeting += text;
        const end = dialect.answerEnds(greeting, 'greeting');
        if (end === undefined) return;
        text = greeting.slice(end);
        greeting = undefined;
      }
      if (!is('passesOffers')) text = withoutStartTls(text);
      client.write(text, 'latin1');
    });
    return target;
  }

  function greet(): void {
    if (dialect.protocol === 'mysql') reachBackend();
    else
      plain.write(
        is('offersLogins') ? dialect.greeting(honest) : withoutLogins(dialect.greeting(honest)),
        'latin1',
      );
  }

  plain.on('data', onData);
  if (tls === 'starttls') return greet();
  if (!is('takesEither')) return secure();
  // Whoever begins in clear is served in clear.
  plain.once('data', greet);
}

function isHttp(words: string): boolean {
  return /^(?:GET|POST|PUT|HEAD|OPTIONS) \//.test(words);
}

function withoutLogins(offers: string): string {
  return offers
    .replaceAll(/250-AUTH PLAIN\r\n|USER\r\n|"SASL" "PLAIN"\r\n/g, '')
    .replace(' AUTH=PLAIN', ' LOGINDISABLED');
}

/** Where it stands last in a reply, the line before it is the last. */
function withoutStartTls(offers: string): string {
  return offers
    .replace(/250-([^\r]*)\r\n250 STARTTLS\r\n/, '250 $1\r\n')
    .replaceAll(/250-STARTTLS\r\n| STARTTLS(?=\r)|^"?(?:STARTTLS|STLS)"?\r\n|<starttls[^>]*>/gm, '');
}
