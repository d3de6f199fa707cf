/**
 * Posts to one address on the web, one request after the other, over a connection that stays while it is used.
 *
 * Whoever configures the address chooses it himself, so private ones are as good as others; that clear text stays on this
 * host is for whoever reads the configuration. The certificate is judged by our own check, no redirect is followed, and of
 * an answer only its status and Retry-After count: its body is read and thrown away, up to a bound.
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import type { PeerCertificate, SecureContext } from 'node:tls';
import { formatHostPort, type Host } from '../names/address.ts';
import type { Domain } from '../names/domain.ts';
import { proveIdentity, type ReferenceIdentity } from '../tls/identity.ts';
import { wordsOf } from './error.ts';
import type { HostAddresses } from './https.ts';

export interface PostTarget {
  readonly scheme: 'http' | 'https';
  readonly host: Host;
  readonly port: number;
  /** With its query. */
  readonly path: string;
}

export interface PosterParts {
  readonly target: PostTarget;
  readonly addresses: (host: Domain) => Promise<HostAddresses>;
  readonly context: SecureContext;
  /** For all of one request, from the look-up of the addresses to the answer. */
  readonly timeoutMs: number;
}

export interface Posting {
  /** Beside Host and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type PostOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | undefined }
  /** Whether it was received is not known. */
  | { readonly kind: 'failed'; readonly because: string };

export interface Poster {
  /** One at a time; the promise never rejects. */
  post(posting: Posting): Promise<PostOutcome>;
  close(): void;
}

const MAX_HEADER_OCTETS = 16_384;
/** Of the body of an answer; with more the connection is closed. */
const MAX_BODY_OCTETS = 65_536;
/** A connection on which nothing was said for so long is closed. */
const IDLE_MS = 30_000;

export function openPoster(parts: PosterParts): Poster {
  const { target, context } = parts;
  const keep = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1, timeout: IDLE_MS };
  const agent =
    target.scheme === 'http'
      ? new HttpAgent(keep)
      : new HttpsAgent({
          ...keep,
          secureContext: context,
          // Else a variable of the environment (NODE_TLS_REJECT_UNAUTHORIZED) decides it for all of a process.
          rejectUnauthorized: true,
          // A resumed session shows no certificate.
          maxCachedSessions: 0,
          // With a request instead, Node would keep no connection.
          checkServerIdentity: (_, certificate) => faultOfCertificate(certificate, target.host),
        });
  return {
    async post(posting) {
      const endsAt = performance.now() + parts.timeoutMs;
      const first = await postOnce(parts, agent, posting, endsAt);
      // The far side had closed the connection that was kept, before it saw anything of this.
      if (first.kind === 'stale') {
        const second = await postOnce(parts, agent, posting, endsAt);
        return second.kind === 'stale' ? { kind: 'failed', because: second.because } : second;
      }
      return first;
    },
    close: () => agent.destroy(),
  };
}

type OnceOutcome = PostOutcome | { readonly kind: 'stale'; readonly because: string };

function postOnce(
  { target, addresses }: PosterParts,
  agent: HttpAgent | HttpsAgent,
  { headers, body }: Posting,
  endsAt: number,
): Promise<OnceOutcome> {
  const { promise, resolve } = Promise.withResolvers<OnceOutcome>();
  const where = `${target.scheme}://${formatHostPort(textOf(target.host), target.port)}`;
  const request = (target.scheme === 'http' ? httpRequest : httpsRequest)({
    agent,
    method: 'POST',
    host: textOf(target.host),
    port: target.port,
    path: target.path,
    lookup: lookupBy(target.host, addresses),
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    maxHeaderSize: MAX_HEADER_OCTETS,
    insecureHTTPParser: false,
    // An address is no name to ask for (RFC 6066 §3).
    servername: target.host.kind === 'name' ? target.host.name : '',
  });
  let answer: PostOutcome | undefined;
  const end = (outcome: OnceOutcome): void => {
    clearTimeout(timer);
    resolve(answer ?? outcome);
  };
  const timer = setTimeout(
    () => request.destroy(new Error('no whole answer in time')),
    Math.max(0, endsAt - performance.now()),
  );
  request.on('error', (error) => {
    const because = `${where}: ${wordsOf(error)}`;
    end(isStale(request, error) ? { kind: 'stale', because } : { kind: 'failed', because });
  });
  request.on('response', (response) => {
    answer = answerOf(response);
    discard(response, () => end({ kind: 'failed', because: where }));
  });
  request.on('close', () => end({ kind: 'failed', because: `${where}: the connection was closed` }));
  request.end(body);
  return promise;
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): PostOutcome {
  return { kind: 'answered', status: statusCode, retryAfter: headers['retry-after'] };
}

/** Reads it to its end, so that the connection can be used again; what is too long ends the connection. */
function discard(response: IncomingMessage, onEnd: () => void): void {
  let octets = 0;
  response.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    if (octets > MAX_BODY_OCTETS) response.destroy();
  });
  response.on('error', onEnd);
  response.on('close', onEnd);
}

function isStale(request: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function textOf(host: Host): string {
  return host.kind === 'name' ? host.name : host.address;
}

/** Node has found a path to a root that is trusted; this is whether the certificate names the host. */
function faultOfCertificate({ raw }: PeerCertificate, host: Host): Error | undefined {
  const reference: ReferenceIdentity =
    host.kind === 'name' ? { kind: 'name', name: host.name } : { kind: 'ip', address: host.address };
  const identity = proveIdentity(raw, [reference]);
  if (identity.kind === 'proved') return undefined;
  const names = identity.presented.length === 0 ? 'no name' : identity.presented.slice(0, 5).join(', ');
  return new Error(`its certificate is for ${names}, not for ${textOf(host)}`);
}

function lookupBy(host: Host, addresses: PosterParts['addresses']): LookupFunction {
  return (hostname, { all }, done) => {
    // Node asks for the addresses of a name, never for those of an address.
    if (host.kind === 'ip') return done(new Error(`${hostname} is an address`), []);
    addresses(host.name).then(
      (found) => {
        if (found.kind === 'failed') return done(new Error(found.because), []);
        const listed = found.addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
        const [first] = listed;
        if (all === true) return done(null, listed);
        return first === undefined
          ? done(new Error(`${hostname} has no address`), [])
          : done(null, first.address, first.family);
      },
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}
