/** The look-ups of a running relay: their resolver is opened once, and anew where the configuration of it is another. */
import type { Logger } from 'pino';
import { openResolver, type Resolver } from '../net/dns/resolver.ts';
import { type Dns, mailDns, type ReverseDns } from '../net/dns.ts';
import type { Config } from './config/config.ts';
import type { DnsFiles } from './config/files.ts';
import { logLineOf } from './dns-notices.ts';
import { resolverOptionsOf, upstreamsOf } from './dns-settings.ts';

type Log = Pick<Logger, 'info' | 'error'>;

/** Look-ups of one resolver. */
export interface LookUps {
  readonly resolve: Resolver['lookUp'];
  readonly resolveAnew: Resolver['lookUpAnew'];
  readonly dns: Dns & ReverseDns;
}

/** Those of the moment. */
export interface CurrentLookUps {
  now(): LookUps;
  /** Opens what a configuration wants, which is not in use before `use`. */
  of(next: { readonly config: Config; readonly files: DnsFiles }): LookUps;
  use(wanted: LookUps): void;
}

export interface RelayDns {
  /** Those in use, or others where the configuration wants it; the former go on being used. */
  of(config: Config, files: DnsFiles): LookUps;
  /** From here on these are used; the resolvers of all others are closed once no look-up can be under way. */
  use(wanted: LookUps): void;
  close(): Promise<void>;
}

/** Milliseconds for one question to the resolvers. */
export const DNS_TIMEOUT_MS = 5_000;
/** No look-up takes longer. */
const LONGEST_LOOK_UP_MS = 3 * DNS_TIMEOUT_MS;

interface Opened extends LookUps {
  /** All that it was made of. */
  readonly terms: string;
  readonly resolver: Resolver;
}

/** Follows what is in use. */
export function followDns(
  dns: RelayDns,
  first: { readonly config: Config; readonly files: DnsFiles },
): CurrentLookUps {
  let current = dns.of(first.config, first.files);
  return {
    now: () => current,
    of: ({ config, files }) => dns.of(config, files),
    use(wanted) {
      current = wanted;
      dns.use(wanted);
    },
  };
}

export function openRelayDns(log: Log): RelayDns {
  const opened = new Set<Opened>();
  const left = new Map<Opened, NodeJS.Timeout>();
  const leave = (one: Opened): void => {
    opened.delete(one);
    const timer = setTimeout(() => {
      left.delete(one);
      void one.resolver.close();
    }, LONGEST_LOOK_UP_MS);
    left.set(one, timer.unref());
  };
  return {
    of(config, files) {
      const terms = JSON.stringify([config.dns, upstreamsOf(config), files.anchors, files.roots]);
      const known = [...opened].find((one) => one.terms === terms);
      if (known !== undefined) return known;
      const resolver = open(config, files, log);
      const resolve: LookUps['resolve'] = (question) => resolver.lookUp(question);
      const resolveAnew: LookUps['resolveAnew'] = (question) => resolver.lookUpAnew(question);
      const one = { terms, resolver, resolve, resolveAnew, dns: mailDns(resolver, Math.random) };
      opened.add(one);
      return one;
    },
    use(wanted) {
      for (const one of opened) if (one !== wanted) leave(one);
    },
    async close() {
      for (const timer of left.values()) clearTimeout(timer);
      await Promise.all([...opened, ...left.keys()].map(({ resolver }) => resolver.close()));
    },
  };
}

/** Begins at once to find out whether anything can be proven on this way, and logs what it finds. */
function open(config: Config, files: DnsFiles, log: Log): Resolver {
  const resolver = openResolver(
    resolverOptionsOf(config, files, {
      // Mail for which nobody asked for more goes on where nothing can be proven, as it always did.
      whenUnprovable: 'use',
      timeoutMs: DNS_TIMEOUT_MS,
      onNotice: ({ test }) => {
        const line = logLineOf(test, config.dns.dnssec);
        if (line !== undefined) log[line.level](line.text);
      },
    }),
  );
  resolver.selfTest().catch(() => {
    // It was closed before the end of the test.
  });
  return resolver;
}
