/** Fetches one page over HTTPS from a host by its name: the MTA-STS policy of a domain (RFC 8461 §3.3), or another. */
import type { SecureContext } from 'node:tls';
import type { IpAddress } from '../names/address.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import { isPublicAddress } from '../names/public-address.ts';
import type { FailedAddress, HttpsFault, HttpsOutcome } from '../wire/https-answer.ts';
import { type GetOutcome, getAt, type HttpsGet } from './https-get.ts';

export type { GetOutcome } from './https-get.ts';

/** The addresses of a host, in the order in which they are tried; at least one where found. */
export type HostAddresses =
  | { readonly kind: 'found'; readonly addresses: readonly IpAddress[] }
  | { readonly kind: 'failed'; readonly because: string };

/** Nobody asks there: whoever has the host, or the address, is to be left alone. */
export interface LeftAlone {
  readonly kind: 'left-alone';
  /** One sentence. */
  readonly because: string;
}

/** Calls one address once it may be called; how long that takes is no time of the host's. */
export type CallPolicyHost = (
  address: IpAddress,
  call: () => Promise<GetOutcome>,
) => Promise<GetOutcome | LeftAlone>;

export interface PolicyFetch extends Omit<PageFetch, 'host' | 'path' | 'accept'> {
  readonly domain: Domain;
}

export interface PageFetch extends Pick<HttpsGet, 'host' | 'path' | 'accept' | 'userAgent'> {
  /** 443, or that of a lab. */
  readonly port: number;
  /** Where the host is, IPv6 first: our own resolver's word, or an address that an operator has fixed. */
  readonly addresses: (host: Domain) => Promise<HostAddresses | LeftAlone>;
  /** Absent: each address is called at once. */
  readonly calling?: CallPolicyHost | undefined;
  /**
   * Whether addresses that mean something only here are asked too: whoever publishes a name must not make us knock at
   * doors inside our own network. For a host that the operator names himself, and for resolvers and hosts on loopback, that
   * is for labs.
   */
  readonly allowPrivate: boolean;
  /** Roots and the oldest version of TLS that is taken (RFC 8461 §7.2: 1.2), as `outgoingContext` makes it. */
  readonly context: SecureContext;
  /** For all of it, from the look-up of the addresses to the last octet ("A suggested timeout is one minute"). */
  readonly timeoutMs: number;
  /** Of the page. */
  readonly maxOctets: number;
}

const PATH = '/.well-known/mta-sts.txt';
/** One address that does not answer must not use up the time of the others. */
const UNTIL_SECURE_MS = 10_000;
const MAX_ADDRESSES = 8;

/** What is tried at the next address, and nowhere else: an answer is an answer, whatever it says. */
const tryNext: ReadonlySet<HttpsFault> = new Set<HttpsFault>(['tcp', 'tls', 'tls-webpki']);

/**
 * GET https://mta-sts.DOMAIN/.well-known/mta-sts.txt: no redirects, no cache, nothing but `identity`, the certificate
 * judged by our own check before anything is asked. Whether the answer is a policy is for others to say.
 */
export async function fetchPolicy({ domain, ...fetch }: PolicyFetch): Promise<HttpsOutcome> {
  const host = parseDomain(`mta-sts.${domain}`);
  if (host.kind === 'ok') return fetchPage({ ...fetch, host: host.value, path: PATH, accept: 'text/plain' });
  const outcome = failed('dns', `the policy host cannot have a name (${host.because})`);
  return { ...outcome, course: { ms: 0, failed: [] } };
}

/** GET https://HOST/PATH by the same rules. @returns no course where the host is left alone: it was not asked. */
export async function fetchPage(fetch: PageFetch): Promise<HttpsOutcome> {
  const failures: FailedAddress[] = [];
  const watch = stopwatch();
  const outcome = await fetchBy(fetch, watch, failures);
  if (outcome.kind === 'left-alone') return failed('timeout', outcome.because);
  return { ...outcome, course: { ms: Math.round(watch.ms()), failed: failures } };
}

/** How long the host was asked, without the time in which nobody did. */
interface Stopwatch {
  readonly during: <Value>(work: () => Promise<Value>) => Promise<Value>;
  readonly ms: () => number;
}

function stopwatch(): Stopwatch {
  let ms = 0;
  return {
    async during(work) {
      const began = performance.now();
      try {
        return await work();
      } finally {
        ms += performance.now() - began;
      }
    },
    ms: () => ms,
  };
}

/** @param failures is told of every address at which nothing came of it. */
async function fetchBy(
  fetch: PageFetch,
  watch: Stopwatch,
  failures: FailedAddress[],
): Promise<HttpsOutcome | LeftAlone> {
  const { host } = fetch;
  const found = await watch.during(() => within(fetch.timeoutMs, fetch.addresses(host)));
  if (found === undefined) {
    return failed('timeout', `no address of ${host} within ${fetch.timeoutMs / 1000} s`);
  }
  if (found.kind === 'left-alone') return found;
  if (found.kind === 'failed') return failed('dns', found.because);
  const usable = found.addresses.filter((address) => fetch.allowPrivate || isPublicAddress(address));
  if (usable.length === 0) {
    const shown = found.addresses.slice(0, MAX_ADDRESSES).join(', ');
    return failed('address', `${host} has only addresses that are not public, which are refused: ${shown}`);
  }
  return inOrder(usable.slice(0, MAX_ADDRESSES), fetch, watch, failures);
}

async function inOrder(
  addresses: readonly IpAddress[],
  fetch: PageFetch,
  watch: Stopwatch,
  told: FailedAddress[],
): Promise<HttpsOutcome | LeftAlone> {
  const { timeoutMs, calling = (_, call) => call() } = fetch;
  const failures: Extract<GetOutcome, { kind: 'failed' }>[] = [];
  let notAsked: LeftAlone | undefined;
  for (const [index, address] of addresses.entries()) {
    const totalMs = Math.max(0, timeoutMs - watch.ms());
    const share = totalMs / (addresses.length - index);
    const time = { totalMs, untilSecureMs: Math.min(UNTIL_SECURE_MS, share) };
    const outcome = await calling(address, () => watch.during(() => getAt(address, fetch, time)));
    if (outcome.kind === 'answered') return outcome;
    if (outcome.kind === 'left-alone') {
      notAsked = outcome;
      continue;
    }
    failures.push(outcome);
    const { fault, because, noRoute } = outcome;
    told.push({ address, fault, because, noRoute });
    if (!tryNext.has(outcome.fault)) break;
  }
  // What one address that is left alone would have said nobody knows.
  if (notAsked !== undefined) return notAsked;
  // A certificate that proves nothing says more than a connection that failed.
  const worst = failures.find(({ fault }) => fault === 'tls-webpki') ?? failures.at(-1);
  if (worst === undefined) throw new Error('there is no address to try');
  const { kind, fault, tls } = worst;
  return { kind, fault, tls, because: failures.map(({ because }) => because).join('; ') };
}

function failed(fault: HttpsFault, because: string): HttpsOutcome {
  return { kind: 'failed', fault, because, tls: undefined };
}

/** @returns undefined where the time is over first. */
async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
