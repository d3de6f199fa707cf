/**
 * STARTTLS for programs: a connected socket goes in, a TLS socket with its facts comes out, or the reason why not.
 *
 * What decides is the same as in the relay and the gateway: exact answers, nothing kept of what was said in clear, one
 * deadline, and the certificate judged before anything is said inside TLS.
 */
import { isIPv6, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { formatHostPort, type Host, parseHost } from './names/address.ts';
import { quote } from './names/domain.ts';
import { judgeCertificate } from './net/certificate-judge.ts';
import { startDeadlines } from './net/deadlines.ts';
import { Connection, type Patience } from './net/drive.ts';
import { rootsIn } from './net/roots.ts';
import { outgoingContext } from './net/tls.ts';
import { dialogueOf, type StartTlsProtocol, startTlsProtocols } from './protocols/dialogue-of.ts';
import type { Announcement } from './protocols/mysql/client.ts';
import type { JudgeTls, NotUpgraded } from './protocols/upgrade.ts';
import { LostError, PeerError, type PeerFault, printable } from './wire/dialogue.ts';
import type { TlsFacts } from './wire/tls-facts.ts';

export type { StartTlsProtocol } from './protocols/dialogue-of.ts';
export type { Announcement } from './protocols/mysql/client.ts';
export type { JudgeTls } from './protocols/upgrade.ts';
export type { PeerFault } from './wire/dialogue.ts';
export type { ChainPath, TlsFacts } from './wire/tls-facts.ts';

/** What {@link startTls} has to know. */
export interface StartTlsOptions {
  readonly protocol: StartTlsProtocol;
  /**
   * Who the certificate has to prove: a domain (sent as SNI), or an IP address. It must come from where the path cannot
   * choose it: from a configuration, not from DNS.
   */
  readonly serverName: string;
  /** Authorities that are trusted beside those of Node, PEM. */
  readonly ca?: string | readonly string[];
  /** Whether `ca` alone is trusted. Default: false. */
  readonly onlyCa?: boolean;
  /** Judges the handshake in place of the certificate's path and name; whoever gives it is responsible for both. */
  readonly judge?: JudgeTls;
  /** Our name for EHLO and LHLO: a domain, or an address in brackets. Default: the address that the socket has here. */
  readonly helloName?: string;
  /** Our domain, for servers of XMPP among themselves; the domain that is asked for is `serverName`. Default: unsaid. */
  readonly from?: string;
  /** Milliseconds for all of it, from the greeting to the last answer inside TLS. Default: 30,000. */
  readonly timeoutMs?: number;
  /** Names of protocols to offer in the handshake (ALPN, RFC 7301). Default: none. */
  readonly alpn?: readonly string[];
}

/** What came of it. Unless it is `secured`, the socket is destroyed and nothing but the upgrade was asked for. */
export type StartTlsResult =
  | {
      readonly kind: 'secured';
      /** Paused, without listeners for data, and with one that destroys it on an error. */
      readonly socket: TLSSocket;
      readonly facts: TlsFacts;
      /** The name in the certificate that proves `serverName`; null where a `judge` was given. */
      readonly identity: string | null;
      /** What the server offered in clear: evidence only, whoever is on the path has written it. */
      readonly clear: readonly string[];
      /** What it offers inside TLS; empty where nothing is asked before a login (LDAP, XMPP, PostgreSQL, MySQL). */
      readonly inside: readonly string[];
      /** What a login of MySQL has to know; null in every other protocol. */
      readonly mysql: MysqlBegun | null;
    }
  /** It offers no TLS, or somebody on the path has taken the offer away. */
  | NotSecured<'notOffered'>
  | NotSecured<'refused'>
  | NotSecured<'tlsFailed'>
  | (NotSecured<'unacceptable'> & { readonly facts: TlsFacts })
  /** It broke the protocol (`fault`), left, or was too slow (`fault` null). */
  | (NotSecured<'broken'> & { readonly fault: PeerFault | null });

/** How far the packets of MySQL have come: the login is packet 2. */
export interface MysqlBegun {
  /** The server's greeting, packet 0, with its header. It came in clear, as it always does. */
  readonly greeting: Uint8Array;
  /** What the request for TLS said of the client; the login has to say the same. */
  readonly announced: Announcement;
}

interface NotSecured<Kind extends string> {
  readonly kind: Kind;
  /** A sentence, printable: `mail.example.test (192.0.2.1:143) does not offer STARTTLS`. */
  readonly because: string;
}

/**
 * Upgrades a connected socket that nobody has read from.
 *
 * @throws TypeError where an option or the socket is not fit for it, before anything is said; whatever `judge` throws.
 */
export async function startTls(socket: Socket, options: StartTlsOptions): Promise<StartTlsResult> {
  const server = checkedServer(socket, options);
  const { timeoutMs = 30_000 } = options;
  const peer = nameOf(socket, server);
  const context = contextOf(options);
  const deadlines = startDeadlines(Math.min(50, timeoutMs), 'hold');
  const connection = new Connection(socket, {
    peer,
    patience: patienceOf(timeoutMs),
    deadlines,
    context,
    serverName: server.kind === 'name' ? server.name : null,
    ...(options.alpn === undefined ? {} : { alpn: options.alpn }),
  });
  let isLate = false;
  const whole = deadlines.add(() => {
    isLate = true;
    connection.close();
  });
  whole.set(timeoutMs);
  // It may be paused, as sockets are on which nobody has listened.
  socket.resume();
  try {
    return await upgrade(connection, server, peer, options);
  } catch (error) {
    connection.close();
    if (error instanceof PeerError) return { kind: 'broken', because: error.message, fault: error.code };
    if (!(error instanceof LostError)) throw error;
    const because = isLate ? `${peer} was not done within ${timeoutMs / 1000} s` : error.message;
    return { kind: 'broken', because, fault: null };
  } finally {
    deadlines.close();
  }
}

function nameOf({ remoteAddress, remotePort = 0 }: Socket, server: Host): string {
  const name = server.kind === 'name' ? server.name : server.address;
  return remoteAddress === undefined ? name : `${name} (${formatHostPort(remoteAddress, remotePort)})`;
}

async function upgrade(
  connection: Connection,
  server: Host,
  peer: string,
  options: StartTlsOptions,
): Promise<StartTlsResult> {
  let identity: string | null = null;
  const byCertificate: JudgeTls = (facts) => {
    const verdict = judgeCertificate(facts, server);
    if (verdict.kind === 'acceptable') identity = verdict.name;
    return verdict;
  };
  const { protocol, judge = byCertificate, helloName = defaultName(connection), from = null } = options;
  const to = domainAsked(server, options.serverName);
  const talk = dialogueOf(protocol)(connection.channel, { judge, helloName, to, from });
  const outcome = await connection.run(talk);
  if (outcome.kind !== 'secured') {
    connection.close();
    return notSecured(peer, outcome);
  }
  const { socket, unread } = connection.detach();
  if (!(socket instanceof TLSSocket)) throw new Error('a dialogue ended without TLS');
  if (unread.length > 0) {
    // Whoever goes on would take it for the answer to the first thing that it asks.
    throw new PeerError(
      'unsolicited',
      `${peer} spoke out of turn inside TLS: ${printable(unread.subarray(0, 80))}`,
    );
  }
  const { facts, clear, inside } = outcome;
  const mysql = 'greeting' in outcome ? { greeting: outcome.greeting, announced: outcome.announced } : null;
  return { kind: 'secured', socket, facts, identity, clear, inside, mysql };
}

/** As XMPP writes it: with its letters, whatever its form in the DNS, and without the dot at its end. */
function domainAsked(server: Host, text: string): string {
  if (server.kind === 'name') return text.replace(/\.$/, '');
  return isIPv6(server.address) ? `[${server.address}]` : server.address;
}

function notSecured(peer: string, outcome: NotUpgraded): StartTlsResult {
  switch (outcome.kind) {
    case 'tlsFailed':
      return { kind: 'tlsFailed', because: `${peer}: the TLS handshake failed: ${outcome.because}` };
    case 'unacceptable':
      return { kind: 'unacceptable', because: `${peer} ${outcome.because}`, facts: outcome.facts };
    case 'notOffered':
    case 'refused':
      return { kind: outcome.kind, because: `${peer} ${outcome.because}` };
  }
}

/** One deadline for all of it, so that no single wait ends before it. */
function patienceOf(ms: number): Patience {
  const phases = { greeting: ms, reply: ms, 'data-start': ms, 'data-end': ms, goodbye: ms };
  return { phases, connect: ms, handshake: ms, dataBlock: ms };
}

let usual: SecureContext | undefined;

/** Loading the roots takes milliseconds: the usual ones are loaded once. @throws TypeError where `ca` is no PEM. */
function contextOf({ ca, onlyCa = false }: StartTlsOptions): SecureContext {
  const roots = ca === undefined ? [] : [ca].flat().flatMap(rootsIn);
  if (roots.length === 0 && !onlyCa) {
    usual ??= outgoingContext([]);
    return usual;
  }
  return outgoingContext(roots, onlyCa ? 'alone' : 'added');
}

/** RFC 5321 §4.1.3: the address, where there is no name. */
function defaultName({ localAddress = '127.0.0.1' }: Connection): string {
  return isIPv6(localAddress) ? `[IPv6:${localAddress.replace(/%.*$/, '')}]` : `[${localAddress}]`;
}

/** @throws TypeError */
function checkedServer(socket: Socket, options: StartTlsOptions): Host {
  // From JavaScript a misspelt option would be passed over, and more be trusted than was meant.
  const unknown = Object.keys(options).find((name) => !optionNames.has(name));
  if (unknown !== undefined) throw new TypeError(`${quote(unknown)} is no option of startTls`);
  const { protocol, serverName, timeoutMs = 1, helloName = 'x', from = null, ca, onlyCa = false } = options;
  const { alpn = [] } = options;
  // From JavaScript it may be missing.
  if (typeof serverName !== 'string') throw new TypeError('serverName: has to be given, as text');
  const server = parseHost(serverName);
  if (server.kind !== 'ok') throw new TypeError(`serverName: ${server.because}`);
  if (!startTlsProtocols.includes(protocol))
    throw new TypeError(`protocol: ${quote(protocol)} is none of ${startTlsProtocols.join(', ')}`);
  if (!(timeoutMs > 0 && Number.isFinite(timeoutMs))) throw new TypeError('timeoutMs: has to be above 0');
  if (!/^[\x21-\x7e]+$/.test(helloName))
    throw new TypeError(`helloName: ${quote(helloName)} is neither a domain nor an address in brackets`);
  if (from !== null && parseHost(from).kind !== 'ok')
    throw new TypeError(`from: ${quote(from)} is no domain`);
  if (onlyCa && ca === undefined) throw new TypeError('onlyCa: there is no ca to trust');
  // RFC 7301 §3.1: 1 to 255 octets. Node throws for more once the handshake begins, where nobody could catch it.
  if (!alpn.every((name) => name !== '' && Buffer.byteLength(name) <= 255))
    throw new TypeError('alpn: a name has 1 to 255 octets');
  const unfit = unfitness(socket);
  if (unfit !== undefined) throw new TypeError(`the socket ${unfit}`);
  return server.value;
}

const optionNames: ReadonlySet<string> = new Set<keyof StartTlsOptions>([
  'protocol',
  'serverName',
  'ca',
  'onlyCa',
  'judge',
  'helloName',
  'from',
  'timeoutMs',
  'alpn',
]);

/** Why nothing can be upgraded on a socket; undefined where it can. */
function unfitness(socket: Socket): string | undefined {
  if (socket instanceof TLSSocket) return 'speaks TLS already';
  if (socket.connecting || socket.readyState !== 'open') return 'is not connected';
  // Somebody who reads as well would take answers away, or octets of the handshake.
  if (socket.listenerCount('data') + socket.listenerCount('readable') > 0) return 'has listeners for data';
  return socket.readableEncoding === null ? undefined : 'has an encoding set, so that it gives no octets';
}
