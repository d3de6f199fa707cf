/** From the configuration to what the resolver is told. */
import { randomBytes } from 'node:crypto';
import type { ResolverOptions } from '../net/dns/resolver.ts';
import { systemUpstreams, type Upstream } from '../net/dns/upstream.ts';
import type { Config } from './config/config.ts';
import type { DnsFiles } from './config/files.ts';

/** What is not the configuration's to say. */
export type DnsTerms = Pick<ResolverOptions, 'whenUnprovable' | 'timeoutMs' | 'onNotice'>;

/** Those that are named, or those of the system at this moment. */
export function upstreamsOf({ dns: { resolvers } }: Config): readonly Upstream[] {
  return resolvers.length > 0 ? resolvers : systemUpstreams();
}

export function resolverOptionsOf(
  config: Config,
  { anchors, roots }: DnsFiles,
  terms: DnsTerms,
): ResolverOptions {
  const { dnssec, sha1 } = config.dns;
  return {
    upstreams: upstreamsOf(config),
    dnssec,
    anchors,
    sha1,
    roots,
    now: Date.now,
    random: randomBytes,
    ...terms,
  };
}
