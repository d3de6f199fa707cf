/** From the configuration to what the resolver is told. */
import { randomBytes } from 'node:crypto';
import type { ResolverOptions } from '../net/dns/resolver.ts';
import { systemUpstreams } from '../net/dns/upstream.ts';
import type { Config } from './config/config.ts';
import type { DnsFiles } from './config/files.ts';

/** What is not the configuration's to say. */
export type DnsTerms = Pick<ResolverOptions, 'whenUnprovable' | 'timeoutMs' | 'onNotice'>;

export function resolverOptionsOf(
  { dns: { resolvers, dnssec, sha1 } }: Config,
  { anchors, roots }: DnsFiles,
  terms: DnsTerms,
): ResolverOptions {
  return {
    upstreams: resolvers.length > 0 ? resolvers : systemUpstreams(),
    dnssec,
    anchors,
    sha1,
    roots,
    now: Date.now,
    random: randomBytes,
    ...terms,
  };
}
