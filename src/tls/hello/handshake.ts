/**
 * The messages of a server's first flight: which may come when, and what is in them (RFC 8446 §4, RFC 5246 §7.3 and §7.4).
 */
import { type ByteQueue, byteQueue } from './byte-queue.ts';
import { readCertificateStatus, readCertificates } from './certificate-message.ts';
import { type CertificateRequest, readCertificateRequest } from './certificate-request.ts';
import type { ClientHelloSpec } from './client-hello.ts';
import { extensionTypes } from './extension-types.ts';
import { broken, type FlightEnd, tooMuch } from './flight-end.ts';
import { copy, type Reading } from './octets.ts';
import { type HelloRetryRequest, readServerHello, type ServerHello } from './server-hello.ts';
import { readServerKeyExchange, type ServerKeyExchange } from './server-key-exchange.ts';
import type { Sslv2HelloSpec } from './sslv2-hello.ts';
import { RENEGOTIATION_SCSV } from './suite-names.ts';
import { type CipherSuite, suites } from './suites.ts';
import { TLS_1_3 } from './versions.ts';

/** What the messages have said so far; null: not yet. */
export interface HandshakeFacts {
  readonly serverHello: ServerHello | null;
  readonly helloRetryRequest: HelloRetryRequest | null;
  /** DER, the server's own first; TLS 1.3 hides them. */
  readonly certificates: readonly Uint8Array[] | null;
  /** A stapled answer of OCSP, DER. */
  readonly certificateStatus: Uint8Array | null;
  readonly serverKeyExchange: ServerKeyExchange | null;
  readonly certificateRequest: CertificateRequest | null;
  readonly serverHelloDone: boolean;
}

export interface Handshake {
  facts(): HandshakeFacts;
  /** @param content of one record. @returns why nothing more is read; null: it goes on. */
  take(content: Uint8Array): FlightEnd | null;
  /** Octets of a message whose end has not come. */
  unread(): number;
}

const HELLO_REQUEST = 0;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_REQUEST = 13;
const SERVER_HELLO_DONE = 14;
const CERTIFICATE_STATUS = 22;
/** Behind the ServerHello, each at most once (RFC 5246 §7.3, RFC 6066 §8). */
const order = [CERTIFICATE, CERTIFICATE_STATUS, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE];
const HEADER = 4;

type Facts = { -readonly [Key in keyof HandshakeFacts]: HandshakeFacts[Key] };
type Exchange = Pick<CipherSuite, 'keyExchange' | 'authentication'>;

/** @param most octets of one message. */
export function readHandshake(offer: ClientHelloSpec | Sslv2HelloSpec, most: number): Handshake {
  const queue = byteQueue();
  const asked = offer.kind === 'tls' ? offer : inNewForm(offer);
  const facts: Facts = {
    serverHello: null,
    helloRetryRequest: null,
    certificates: null,
    certificateStatus: null,
    serverKeyExchange: null,
    certificateRequest: null,
    serverHelloDone: false,
  };
  return {
    facts: () => ({ ...facts }),
    unread: () => queue.length(),
    take(content) {
      queue.add(content);
      for (let header = queue.peek(HEADER); header !== undefined; header = queue.peek(HEADER)) {
        const [, high = 0, middle = 0, low = 0] = header;
        const length = HEADER + (high * 256 + middle) * 256 + low;
        if (length > most) return tooMuch(`a handshake message of ${length} octets`);
        const message = queue.take(length);
        if (message === undefined) return null;
        const because = onMessage(facts, message, asked) ?? behindTheLast(facts, queue);
        if (because !== undefined) return broken(because, message);
      }
      return null;
    },
  };
}

/** @returns which rule the message breaks. */
function onMessage(facts: Facts, message: Uint8Array, offer: ClientHelloSpec): string | undefined {
  const type = message[0] ?? 0;
  const body = message.subarray(HEADER);
  const { serverHello, helloRetryRequest } = facts;
  if (helloRetryRequest !== null || serverHello?.version === TLS_1_3)
    return `a handshake message of type ${type} in clear, where none can be`;
  // RFC 5246 §7.4.1.1: a client that is about to say hello anyway leaves it aside.
  if (type === HELLO_REQUEST && body.length === 0 && !facts.serverHelloDone) return undefined;
  if (serverHello !== null) return onLater(facts, type, body, serverHello, offer);
  if (type !== SERVER_HELLO) return `a handshake message of type ${type} where ServerHello is due`;
  const { value, breach } = readServerHello(copy(body), offer);
  if (value?.kind === 'server-hello') facts.serverHello = value;
  else if (value !== null) facts.helloRetryRequest = value;
  return breach ?? undefined;
}

function onLater(
  facts: Facts,
  type: number,
  body: Uint8Array,
  { version, suite, extensions }: ServerHello,
  offer: ClientHelloSpec,
): string | undefined {
  const exchange: Exchange = suites.get(suite) ?? { keyExchange: 'none', authentication: 'any' };
  const fault = faultOfOrder(facts, type) ?? faultOfExchange(exchange, type);
  if (fault !== undefined) return fault;
  switch (type) {
    case CERTIFICATE:
      return keep(readCertificates(body), (certificates) => Object.assign(facts, { certificates }));
    case CERTIFICATE_STATUS:
      if (!extensions.some((extension) => extension.type === extensionTypes.status_request))
        return 'a CertificateStatus that was not announced';
      return keep(readCertificateStatus(body), (certificateStatus) =>
        Object.assign(facts, { certificateStatus }),
      );
    case SERVER_KEY_EXCHANGE:
      return keep(readServerKeyExchange(body, exchange, version, offer), (serverKeyExchange) =>
        Object.assign(facts, { serverKeyExchange }),
      );
    case CERTIFICATE_REQUEST:
      return keep(readCertificateRequest(body, version), (certificateRequest) =>
        Object.assign(facts, { certificateRequest }),
      );
    default:
      facts.serverHelloDone = true;
      return body.length > 0 ? 'a ServerHelloDone that says something' : missing(facts, exchange);
  }
}

function keep<Value>({ value, breach }: Reading<Value>, store: (value: Value) => void): string | undefined {
  if (value !== null) store(value);
  return breach ?? undefined;
}

function faultOfOrder(facts: Facts, type: number): string | undefined {
  const place = order.indexOf(type);
  const done = [
    facts.certificates !== null,
    facts.certificateStatus !== null,
    facts.serverKeyExchange !== null,
    facts.certificateRequest !== null,
    facts.serverHelloDone,
  ];
  if (place < 0) return `a handshake message of type ${type} in a server's first flight`;
  return place <= done.lastIndexOf(true) ? `a handshake message of type ${type} out of its order` : undefined;
}

/** RFC 5246 §7.4.2, §7.4.3 and §7.4.4, RFC 4279 §2: what there cannot be with the suite that was agreed on. */
function faultOfExchange({ keyExchange, authentication }: Exchange, type: number): string | undefined {
  if (type === SERVER_KEY_EXCHANGE && fixedKey.has(keyExchange))
    return `a ServerKeyExchange with a suite that has none (${keyExchange})`;
  if (authentication !== 'anon' && authentication !== 'secret') return undefined;
  if (type === CERTIFICATE) return 'a Certificate with a suite that has none';
  return type === CERTIFICATE_REQUEST
    ? 'a CertificateRequest of a server that does not say who it is itself'
    : undefined;
}

function missing(facts: Facts, { keyExchange, authentication }: Exchange): string | undefined {
  const hasCertificate = authentication !== 'anon' && authentication !== 'secret' && authentication !== 'any';
  if (hasCertificate && facts.certificates === null)
    return 'a flight without a Certificate, which its suite needs';
  return ownKey.has(keyExchange) && facts.serverKeyExchange === null
    ? 'a flight without a ServerKeyExchange, which its suite needs'
    : undefined;
}

/** The key of the certificate is the one that keys are exchanged with (RFC 5246 §7.4.3), or there is none. */
const fixedKey: ReadonlySet<CipherSuite['keyExchange']> = new Set(['RSA', 'DH', 'ECDH', 'KRB5', 'GOST']);
const ownKey: ReadonlySet<CipherSuite['keyExchange']> = new Set([
  'DHE',
  'ECDHE',
  'DHE_PSK',
  'ECDHE_PSK',
  'SRP',
  'ECCPWD',
  'KEA',
]);

/** RFC 8446 §5.1: the keys change behind the ServerHello of TLS 1.3, so that it ends its record; the client is next after a retry. */
function behindTheLast({ serverHello, helloRetryRequest }: Facts, queue: ByteQueue): string | undefined {
  const isLast = helloRetryRequest !== null || serverHello?.version === TLS_1_3;
  return isLast && queue.length() > 0 ? 'a ServerHello that does not end its record' : undefined;
}

/** What the hello of SSL 2.0 offers, where it asks for a later version (RFC 6101 appendix E). */
function inNewForm({ version, cipherKinds }: Sslv2HelloSpec): ClientHelloSpec {
  return {
    kind: 'tls',
    recordVersion: version,
    legacyVersion: version,
    supportedVersions: null,
    random: new Uint8Array(32),
    sessionId: new Uint8Array(),
    suites: cipherKinds.filter((kind) => kind <= 0xffff),
    compression: [0],
    serverName: null,
    groups: null,
    keyShares: null,
    signatureSchemes: null,
    certificateSchemes: null,
    extendedMasterSecret: false,
    encryptThenMac: false,
    renegotiation: cipherKinds.includes(RENEGOTIATION_SCSV) ? 'scsv' : null,
    fallback: false,
    alpn: null,
    statusRequest: false,
    grease: null,
    size: null,
  };
}
