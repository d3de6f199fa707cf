/** TLS on sockets: the contexts, and what a finished handshake showed. */

import type { X509Certificate } from 'node:crypto';
import { constants } from 'node:crypto';
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { ChainPath, TlsFacts } from '../wire/tls-facts.ts';

/** Certificate chain and private key, PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** More certificates than any real chain has; a longer one is cut. */
const MAX_CHAIN = 16;

/**
 * Context for outgoing sessions. Make one and keep it: loading the roots takes milliseconds.
 *
 * @param extraRoots PEM, added to Node's own roots, or `alone`.
 * @param hello `small`: a ClientHello that fits into one TCP segment on any path, for servers behind something that
 * swallows a longer one. It differs in the groups of the key exchange alone.
 */
export function outgoingContext(
  extraRoots: readonly string[],
  how: 'added' | 'alone' = 'added',
  hello: 'usual' | 'small' = 'usual',
): SecureContext {
  return createSecureContext({
    ca: how === 'alone' ? [...extraRoots] : [...rootCertificates, ...extraRoots],
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(hello === 'small' ? { ecdhCurve: SMALL_GROUPS } : {}),
  });
}

/** No hybrid with ML-KEM, whose key share alone has 1,184 octets. */
const SMALL_GROUPS = 'X25519:P-256:P-384';

/** What an operator can choose of incoming sessions. */
export interface IncomingSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** As OpenSSL lists them, those of TLS 1.3 among them; null: {@link defaultIncoming}'s. */
  readonly ciphers: string | null;
  /** Groups of the key exchange, in order, as OpenSSL lists them; null: OpenSSL's own. */
  readonly groups: string | null;
  /** PEM: who may vouch for certificates of clients; where there is none, none is asked for. */
  readonly clientRoots: readonly string[];
}

export const defaultIncoming: IncomingSettings = {
  minVersion: 'TLSv1.2',
  ciphers: null,
  groups: null,
  clientRoots: [],
};

/** What a context of incoming sessions is made of. */
export interface IncomingOptions {
  readonly cert: string[];
  readonly key: string[];
  readonly minVersion: IncomingSettings['minVersion'];
  readonly ciphers: string;
  readonly ecdhCurve?: string;
  readonly ca?: string[];
  readonly honorCipherOrder: true;
  readonly secureOptions: number;
}

/**
 * Options of incoming sessions: no static-RSA key exchange, our order of ciphers, no renegotiation.
 *
 * @param pairs one for each type of key; OpenSSL takes the one that suits the client.
 */
export function incomingOptions(
  pairs: readonly KeyPair[],
  { minVersion, ciphers, groups, clientRoots }: IncomingSettings = defaultIncoming,
): IncomingOptions {
  return {
    cert: pairs.map((pair) => pair.certPem),
    key: pairs.map((pair) => pair.keyPem),
    minVersion,
    ciphers: ciphers ?? `${DEFAULT_CIPHERS}:!kRSA`,
    ...(groups === null ? {} : { ecdhCurve: groups }),
    // Where it is absent Node would trust its own roots; nobody is asked for a certificate then.
    ...(clientRoots.length === 0 ? {} : { ca: [...clientRoots] }),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** What the handshake showed, for a session we opened. */
export function factsOfPeer(socket: TLSSocket, serverName: string | null): TlsFacts {
  const chain = presentedChain(socket.getPeerX509Certificate());
  // getEphemeralKeyInfo is an empty object for suites without ephemeral keys.
  const ephemeral: { name?: string; type?: string } = socket.getEphemeralKeyInfo() ?? {};
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    group: ephemeral.name ?? ephemeral.type ?? null,
    chain,
    path: chain.length === 0 ? { kind: 'absent' } : pathOf(socket),
    serverName,
    alpn: alpnOf(socket),
  };
}

/** What the handshake showed, for a session we accepted; Node does not tell the group there. */
export function factsOfClient(socket: TLSSocket): TlsFacts {
  // Typed as string; Node gives false where the client named no server.
  const serverName: unknown = Reflect.get(socket, 'servername');
  // Empty where none was asked for.
  const chain = presentedChain(socket.getPeerX509Certificate());
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    group: null,
    chain,
    path: chain.length === 0 ? { kind: 'absent' } : pathOf(socket),
    serverName: typeof serverName === 'string' ? serverName : null,
    alpn: alpnOf(socket),
  };
}

function alpnOf({ alpnProtocol }: TLSSocket): string | null {
  return typeof alpnProtocol === 'string' && alpnProtocol !== '' ? alpnProtocol : null;
}

function pathOf(socket: TLSSocket): ChainPath {
  if (socket.authorized) return { kind: 'trusted' };
  // Typed as Error; Node gives the code of the failure as a string.
  const code: unknown = socket.authorizationError;
  return { kind: 'untrusted', code: typeof code === 'string' ? code : String(code) };
}

/**
 * The certificates as presented, leaf first.
 *
 * Not getPeerCertificate(true): that drops presented certificates and appends our own roots.
 */
function presentedChain(leaf: X509Certificate | undefined): Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (let at = leaf; at !== undefined && chain.length < MAX_CHAIN; at = at.issuerCertificate)
    chain.push(at.raw);
  return chain;
}
