/** Look-ups for a program that is no Waxwing: a resolver, a policy engine, and what both keep. */
import { randomBytes } from 'node:crypto';
import { ianaAnchors, parseAnchors, type TrustAnchor } from '../dns/anchors.ts';
import { quote } from '../names/domain.ts';
import { openResolver } from '../net/dns/resolver.ts';
import type { SelfTest } from '../net/dns/self-test.ts';
import { parseUpstream, systemUpstreams, type Upstream } from '../net/dns/upstream.ts';
import { mailDns } from '../net/dns.ts';
import { fetchPolicy } from '../net/https.ts';
import { rootsIn } from '../net/roots.ts';
import { outgoingContext } from '../net/tls.ts';
import { MAX_POLICY_OCTETS } from '../policies/mta-sts/policy.ts';
import { type EngineStore, openPolicyEngine, type PolicyEngine } from './engine.ts';
import { httpsAddresses } from './https-addresses.ts';
import { memoryStore } from './memory-store.ts';

/** Where a program has things looked up, and how. */
export interface LookupOptions {
  /**
   * Resolvers, in the order in which they are asked: `192.0.2.53`, `192.0.2.53:5353`, `tls://192.0.2.53#dns.example` or
   * `https://dns.example/dns-query@192.0.2.53`. What they say is proven here. Default: those that this host is set to use.
   */
  readonly resolver?: string | readonly string[];
  /** DS or DNSKEY records as zone files have them, in place of the keys of the root that are built in. */
  readonly trustAnchors?: string;
  /**
   * What becomes of answers as long as no resolver has ever given what a proof takes, as behind routers that strip it. `use`:
   * they count, as if no domain were signed. `refuse`: nothing is known, and mail waits. Default: `use`, as in the relay.
   */
  readonly whenUnprovable?: 'use' | 'refuse';
  /** Authorities that policy hosts and resolvers may have beside those of Node, PEM. */
  readonly ca?: string | readonly string[];
  /** Milliseconds for one question to the resolvers; a look-up takes several, and at most three times as long. Default: 5,000. */
  readonly timeoutMs?: number;
  /** Milliseconds for fetching the MTA-STS policy of a domain, where that has to be done. Default: 60,000 (RFC 8461 §3.3). */
  readonly fetchTimeoutMs?: number;
  /**
   * Whether policy hosts may have addresses that are not public, as in a lab. Default: no, as whoever publishes a name could have
   * us knock at any door of our network.
   */
  readonly allowPrivateAddresses?: boolean;
  /**
   * A folder of this program's own, in which MTA-STS policies outlive a restart; it is made where it is missing. Default: none,
   * they are kept in memory. Whoever is on the path can hide a policy that is not known yet (RFC 8461 §10.2).
   */
  readonly folder?: string;
  /** Told in one sentence each whether answers can be proven, and of a policy that could not be kept. Default: nobody is. */
  readonly onNotice?: (sentence: string) => void;
  /** Milliseconds since 1970. Default: the clock of this host. */
  readonly now?: () => number;
}

export interface OpenLookups {
  readonly learn: PolicyEngine['learn'];
  readonly now: () => number;
  readonly close: () => Promise<void>;
}

const DNS_TIMEOUT_MS = 5_000;
const FETCH_TIMEOUT_MS = 60_000;
/** Of those kept in memory: more domains than most programs send to, and the mail of those of them is little. */
const KEPT = { policies: 10_000, octets: 32 << 20 };

/**
 * @throws TypeError where an option is not fit for it.
 * @throws DataFolderError where the folder cannot be used, or another process has it.
 * @throws StoreError where what is in it cannot be read.
 */
export async function openLookupsOf(options: LookupOptions): Promise<OpenLookups> {
  const { upstreams, anchors, roots } = checked(options);
  const { now = Date.now, onNotice = () => undefined, folder, fetchTimeoutMs = FETCH_TIMEOUT_MS } = options;
  const { allowPrivateAddresses: allowPrivate = false, whenUnprovable = 'use' } = options;
  const kept = folder === undefined ? keptHere : await keptIn(folder);
  const resolver = openResolver({
    upstreams,
    anchors,
    roots,
    dnssec: 'validate',
    whenUnprovable,
    sha1: true,
    now,
    random: randomBytes,
    timeoutMs: options.timeoutMs ?? DNS_TIMEOUT_MS,
    onNotice: ({ test }) => onNotice(sentenceOf(test)),
  });
  const dns = mailDns(resolver, Math.random);
  const context = outgoingContext(roots);
  const engine = openPolicyEngine({
    resolve: (question) => resolver.lookUp(question),
    resolveAnew: (question) => resolver.lookUpAnew(question),
    fetch: (domain) =>
      fetchPolicy({
        domain,
        port: 443,
        addresses: (host) => httpsAddresses(dns, host),
        allowPrivate,
        context,
        timeoutMs: fetchTimeoutMs,
        maxOctets: MAX_POLICY_OCTETS,
        userAgent: 'waxwing',
      }),
    store: kept.store(),
    now,
    random: Math.random,
    onError: (what, error) => onNotice(`${what} failed: ${String(error)}`),
  });
  return {
    learn: engine.learn,
    now,
    async close() {
      engine.close();
      await resolver.close();
      kept.close();
    },
  };
}

interface Kept {
  readonly store: () => EngineStore;
  readonly close: () => void;
}

const keptHere: Kept = { store: () => memoryStore(KEPT), close: () => undefined };

/** What opens databases is loaded for those only who keep something. */
async function keptIn(folder: string): Promise<Kept> {
  const { lockDataFolder } = await import('../store/data-folder.ts');
  const { openPolicies } = await import('../store/open-policies.ts');
  const lock = lockDataFolder(folder);
  try {
    const policies = openPolicies(lock);
    return {
      // Policies only: an operator's words are for Waxwing.
      store: () => ({ sts: policies.sts, overrides: { about: () => [] } }),
      close() {
        policies.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

function sentenceOf(test: SelfTest): string {
  switch (test.kind) {
    case 'provable':
      return `answers of the DNS can be proven: ${test.because}`;
    case 'unprovable':
      return `answers of the DNS cannot be proven: ${test.because}`;
    case 'no-answer':
      return `no resolver answers: ${test.because}`;
    case 'off':
      return test.because;
  }
}

interface Checked {
  readonly upstreams: readonly Upstream[];
  readonly anchors: readonly TrustAnchor[];
  readonly roots: readonly string[];
}

/** @throws TypeError */
function checked(options: LookupOptions): Checked {
  // From JavaScript a misspelt option would be passed over, and less be proven than was meant.
  const unknown = Object.keys(options).find((name) => !optionNames.has(name));
  if (unknown !== undefined) throw new TypeError(`${quote(unknown)} is no option of look-ups`);
  const { resolver = [], trustAnchors, ca = [], timeoutMs = 1, fetchTimeoutMs = 1, whenUnprovable } = options;
  for (const [name, ms] of Object.entries({ timeoutMs, fetchTimeoutMs }))
    if (!(ms > 0 && Number.isFinite(ms))) throw new TypeError(`${name}: has to be above 0`);
  if (whenUnprovable !== undefined && whenUnprovable !== 'use' && whenUnprovable !== 'refuse')
    throw new TypeError('whenUnprovable: has to be use or refuse');
  const named = [resolver].flat().map(upstreamOf);
  return {
    upstreams: named.length > 0 ? named : systemUpstreams(),
    anchors: trustAnchors === undefined ? ianaAnchors : anchorsOf(trustAnchors),
    roots: [ca].flat().flatMap(rootsIn),
  };
}

function upstreamOf(text: string): Upstream {
  const parsed = parseUpstream(text);
  if (parsed.kind === 'ok') return parsed.value;
  throw new TypeError(`resolver: ${parsed.because}`);
}

function anchorsOf(text: string): readonly TrustAnchor[] {
  const parsed = parseAnchors(text);
  if (parsed.kind === 'ok') return parsed.anchors;
  const where = parsed.line === 0 ? '' : `line ${parsed.line}: `;
  throw new TypeError(`trustAnchors: ${where}${parsed.because}`);
}

const optionNames: ReadonlySet<string> = new Set<keyof LookupOptions>([
  'resolver',
  'trustAnchors',
  'whenUnprovable',
  'ca',
  'timeoutMs',
  'fetchTimeoutMs',
  'allowPrivateAddresses',
  'folder',
  'onNotice',
  'now',
]);
