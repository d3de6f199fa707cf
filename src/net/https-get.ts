/**
 * One HTTPS GET at one address, that believes nobody: the certificate is judged before anything is asked, no redirect
 * is followed, nothing is decoded, and all that comes is counted.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { formatHostPort, type IpAddress } from '../names/address.ts';
import type { Domain } from '../names/domain.ts';
import { proveIdentity } from '../tls/identity.ts';
import { printable } from '../wire/dialogue.ts';
import type { HttpsFault, HttpsOutcome } from '../wire/https-answer.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import { wordsOf } from './error.ts';
import { factsOfPeer } from './tls.ts';

export interface HttpsGet {
  /** Whom the certificate must name; sent as SNI and as Host. */
  readonly host: Domain;
  readonly path: string;
  readonly port: number;
  /** The media type that is asked for. */
  readonly accept: string;
  readonly userAgent: string;
  readonly context: SecureContext;
  /** Of the body. */
  readonly maxOctets: number;
}

/** How long one address may take; milliseconds from now. */
export interface GetTime {
  /** Until TLS stands. */
  readonly untilSecureMs: number;
  /** Until the whole answer is there; at least as long. */
  readonly totalMs: number;
}

/** Of all header fields of an answer together. */
const MAX_HEADER_OCTETS = 16_384;
const SHOWN_LOCATION = 200;
/** Of what a server says that is no coding of ours. */
const SHOWN_CODING = 40;

/** What came of one address. */
export type GetOutcome =
  | Extract<HttpsOutcome, { kind: 'answered' }>
  | (Extract<HttpsOutcome, { kind: 'failed' }> & {
      /** Whether this host itself has no way to such addresses. */
      readonly noRoute: boolean;
    });

/** What the system says where it has no way to a kind of addresses: no IPv6, as a rule. */
const NO_ROUTE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Asks one address, and closes the connection whatever comes of it. */
export function getAt(address: IpAddress, get: HttpsGet, time: GetTime): Promise<GetOutcome> {
  const { promise, resolve } = Promise.withResolvers<GetOutcome>();
  new Get(address, get, time, resolve).start();
  return promise;
}

/** The connection of one GET. The first that is said about it is its outcome. */
class Get {
  readonly #address: IpAddress;
  readonly #get: HttpsGet;
  readonly #resolve: (outcome: GetOutcome) => void;
  readonly #timers: NodeJS.Timeout[];
  readonly #socket: Socket;
  #secure: TLSSocket | undefined;
  #facts: TlsFacts | undefined;
  #stage = 'connecting';
  #noRoute = false;
  #octets = 0;
  #isOver = false;

  constructor(address: IpAddress, get: HttpsGet, time: GetTime, resolve: (outcome: GetOutcome) => void) {
    this.#address = address;
    this.#get = get;
    this.#resolve = resolve;
    this.#timers = [
      setTimeout(() => this.#secureLate(time.untilSecureMs), time.untilSecureMs),
      setTimeout(() => this.#late(time.totalMs), time.totalMs),
    ];
    this.#socket = connect({ host: address, port: get.port, noDelay: true });
  }

  start(): void {
    this.#socket.once('connect', () => this.#startTls());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#noRoute = NO_ROUTE.has(error.code ?? '');
      this.#fail('tcp', wordsOf(error));
    });
  }

  #startTls(): void {
    const { host, context } = this.#get;
    this.#stage = 'in the handshake';
    const secure = connectTls({
      socket: this.#socket,
      secureContext: context,
      servername: host,
      ALPNProtocols: ['http/1.1'],
      // Node would take a common name or `mta-st*.example.test` for a proof; the check is ours, and comes below.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    this.#secure = secure;
    const onError = (error: Error): void => this.#fail('tls', `the handshake failed (${wordsOf(error)})`);
    const onClose = (): void => this.#fail('tls', 'the connection was closed in the handshake');
    secure.on('error', onError).on('close', onClose);
    secure.once('secureConnect', () => {
      secure.off('error', onError).off('close', onClose);
      const facts = factsOfPeer(secure, host);
      this.#facts = facts;
      const wrong = faultOfCertificate(facts, host);
      if (wrong === undefined) this.#ask(secure);
      else this.#fail('tls-webpki', wrong);
    });
  }

  #ask(secure: TLSSocket): void {
    const { host, path, port, accept, userAgent } = this.#get;
    this.#stage = 'waiting for the answer';
    const request = httpRequest({
      createConnection: () => secure,
      method: 'GET',
      path,
      headers: {
        Host: port === 443 ? host : formatHostPort(host, port),
        'User-Agent': userAgent,
        Accept: accept,
        'Accept-Encoding': 'identity',
        Connection: 'close',
      },
      maxHeaderSize: MAX_HEADER_OCTETS,
      insecureHTTPParser: false,
    });
    request.on('response', (response) => this.#read(response));
    request.on('error', (error) => this.#fail('http', `no HTTP answer (${wordsOf(error)})`));
    request.on('close', () => this.#fail('http', `the connection was closed (${this.#stage})`));
    request.end();
  }

  #read(response: IncomingMessage): void {
    const { maxOctets } = this.#get;
    const { statusCode: status = 0, headers } = response;
    response.on('error', () => this.#fail('http', `the connection was closed (${this.#stage})`));
    if (status !== 200) return this.#answer(response, status, []);
    const wrong = faultOfFraming(headers);
    if (wrong !== undefined) return this.#fail('http', wrong);
    const tooBig = `the answer has more than ${maxOctets} octets`;
    if (Number(headers['content-length'] ?? 0) > maxOctets) return this.#fail('too-big', tooBig);
    this.#stage = 'reading the answer';
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => {
      this.#octets += chunk.length;
      if (this.#octets > maxOctets) this.#fail('too-big', tooBig);
      else chunks.push(chunk);
    });
    response.on('end', () => this.#answer(response, status, chunks));
  }

  #answer({ headers }: IncomingMessage, status: number, chunks: readonly Buffer[]): void {
    if (this.#facts === undefined) throw new Error('an answer without a handshake');
    const location = headers.location === undefined ? undefined : printable(headers.location);
    this.#end({
      kind: 'answered',
      answer: {
        status,
        contentType: headers['content-type'],
        contentEncoding: headers['content-encoding'],
        location: location?.slice(0, SHOWN_LOCATION),
        body: new Uint8Array(Buffer.concat(chunks)),
        address: this.#address,
        tls: this.#facts,
      },
    });
  }

  #secureLate(ms: number): void {
    if (this.#facts === undefined) this.#fail('tcp', `no TLS within ${ms / 1000} s (${this.#stage})`);
  }

  #late(ms: number): void {
    const sofar = this.#octets > 0 ? `, ${this.#octets} octets so far` : '';
    this.#fail('timeout', `no whole answer within ${ms / 1000} s (${this.#stage}${sofar})`);
  }

  #fail(fault: HttpsFault, because: string): void {
    const { host, port } = this.#get;
    const where = `${host} at ${formatHostPort(this.#address, port)}`;
    this.#end({
      kind: 'failed',
      fault,
      because: `${where}: ${because}`,
      tls: this.#facts,
      noRoute: this.#noRoute,
    });
  }

  #end(outcome: GetOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    // Errors that still come belong to nobody.
    this.#secure?.on('error', () => undefined);
    this.#secure?.destroy();
    this.#socket.destroy();
    this.#resolve(outcome);
  }
}

/**
 * "MUST present an X.509 certificate that is valid for the "mta-sts" DNS-ID …, chain to a root CA that is trusted by the
 * sending MTA, and be non-expired." (RFC 8461 §3.3)
 */
function faultOfCertificate({ chain, path }: TlsFacts, host: Domain): string | undefined {
  const [leaf] = chain;
  if (leaf === undefined || path.kind === 'absent') return 'it presents no certificate';
  if (path.kind === 'untrusted') return `its certificate is not valid (${path.code})`;
  const identity = proveIdentity(leaf, [{ kind: 'name', name: host }]);
  if (identity.kind === 'proved') return undefined;
  const names = identity.presented.length === 0 ? 'no name' : identity.presented.slice(0, 5).join(', ');
  return `its certificate is for ${names}, not for ${host}`;
}

/**
 * An answer that ends where the connection does cannot be told from one that somebody on the path has cut off: of
 * `max_age: 604800` that could leave six seconds.
 */
function faultOfFraming(headers: IncomingHttpHeaders): string | undefined {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    return `the answer has the transfer encoding ${printable(coding.slice(0, SHOWN_CODING))}`;
  }
  return coding === undefined && headers['content-length'] === undefined
    ? 'the answer does not say where it ends'
    : undefined;
}
