/** From the configuration to the policy engine: what it asks, and where it fetches. */
import { type EngineParts, type EngineStore, openPolicyEngine, type PolicyEngine } from '../lookup/engine.ts';
import { httpsAddresses, type Refusal, unlessRefused } from '../lookup/https-addresses.ts';
import { trustedList } from '../lookup/trusted-list.ts';
import { isLoopback } from '../names/address.ts';
import { type CallPolicyHost, fetchPolicy } from '../net/https.ts';
import { outgoingContext } from '../net/tls.ts';
import { MAX_POLICY_OCTETS } from '../policies/mta-sts/policy.ts';
import type { PolicyReader } from '../store/policy-store.ts';
import type { Config } from './config/config.ts';
import type { LookUps } from './relay-dns.ts';
import { version } from './version.ts';

/** "A suggested timeout is one minute" (RFC 8461 §3.3); mail waits for it, but only for a policy it has never seen. */
const FETCH_TIMEOUT_MS = 60_000;

/** What the configuration of the moment says. */
export interface EngineTerms {
  readonly config: Config;
  /** Extra roots, PEM. */
  readonly roots: readonly string[];
  readonly lookUps: LookUps;
  /** How long a policy is waited for; else a minute. */
  readonly fetchMs?: number | undefined;
  /** How policy hosts are called, where many are. */
  readonly manners?: FetchManners | undefined;
}

export interface FetchManners {
  /** Who is left alone. */
  readonly refusal: Refusal;
  readonly calling: CallPolicyHost;
}

/** @param terms those of the moment: a reload changes them under an engine that goes on. */
export function policyEngine(
  terms: () => EngineTerms,
  parts: Pick<EngineParts, 'now' | 'random' | 'onError'> & { readonly store: KeptPolicies },
): PolicyEngine {
  return openPolicyEngine({
    ...parts,
    store: storeOf(terms, parts.store),
    resolve: (question) => terms().lookUps.resolve(question),
    resolveAnew: (question) => terms().lookUps.resolveAnew(question),
    fetch: policyFetch(terms),
    memory: () => terms().config.memory,
  });
}

/** What an engine is opened over; `list` is what is kept, whoever has signed it. */
export interface KeptPolicies extends Omit<EngineStore, 'list'> {
  readonly list: Pick<PolicyReader['list'], 'head' | 'listed'>;
}

/** What deliveries go by under the configuration of the moment. */
export function storeOf(
  terms: () => Pick<EngineTerms, 'config'>,
  { list, ...kept }: KeptPolicies,
): EngineStore {
  const keys = (): ReadonlySet<string> | undefined => {
    const ids = terms().config.list?.keys.map(({ id }) => id);
    return ids === undefined ? undefined : new Set(ids);
  };
  return { ...kept, list: trustedList(list, keys) };
}

/** Asks the policy host of a domain. @param terms those of the moment. */
export function policyFetch(terms: () => EngineTerms): EngineParts['fetch'] {
  let known: { readonly roots: readonly string[]; readonly context: ReturnType<typeof outgoingContext> };
  const contextOf = (roots: readonly string[]): ReturnType<typeof outgoingContext> => {
    if (known?.roots !== roots) known = { roots, context: outgoingContext(roots) };
    return known.context;
  };
  return (domain) => {
    const { config, roots, lookUps, fetchMs = FETCH_TIMEOUT_MS, manners } = terms();
    const { httpsPort, httpsAddress } = config.mtaSts;
    return fetchPolicy({
      domain,
      port: httpsPort,
      addresses(host) {
        if (httpsAddress !== null) return Promise.resolve({ kind: 'found', addresses: [httpsAddress] });
        return manners === undefined
          ? httpsAddresses(lookUps.dns, host)
          : unlessRefused(lookUps.dns, host, manners.refusal);
      },
      calling: manners?.calling,
      allowPrivate: httpsAddress === null ? asksOnlyThisHost(config) : isLoopback(httpsAddress),
      context: contextOf(roots),
      timeoutMs: fetchMs,
      maxOctets: MAX_POLICY_OCTETS,
      userAgent: `waxwing/${version()}`,
    });
  };
}

/** Whether all resolvers are named ones on this host: whatever they say, it is a lab, or its operator's own word. */
export function asksOnlyThisHost({ dns }: Pick<Config, 'dns'>): boolean {
  return dns.resolvers.length > 0 && dns.resolvers.every(({ address }) => isLoopback(address));
}
