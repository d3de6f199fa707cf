/** The lab's resolvers: unbound that validates, one that does not, and one that loses all of DNSSEC. */
import { type Server, startServer } from '../peers/support/server.ts';
import { serverAddresses } from './build/zone-text.ts';
import type { Net } from './net.ts';

/** What a resolver does with DNSSEC. */
export type ResolverKind =
  /** Proves answers from the lab's root on: the oracle. Hands all of it on to those who ask with CD. */
  | 'validating'
  /** Hands the records on to those who ask with DO, and looks at none of them. */
  | 'plain'
  /** Never gets them, so never hands them on. */
  | 'stripping';

export const resolverKinds: readonly ResolverKind[] = ['validating', 'plain', 'stripping'];

/** The last number of each resolver's address; all of them are at port 53. */
export const resolverAddresses: Readonly<Record<ResolverKind, number>> = {
  validating: 1,
  plain: 2,
  stripping: 3,
};

/** @param anchor lines of a zone file with the DS of the lab's root. */
export function startUnbound(root: string, net: Net, kind: ResolverKind, anchor: string): Promise<Server> {
  const address = net.address(resolverAddresses[kind]);
  const configuration = [
    'server:',
    ' verbosity: 1',
    ' use-syslog: no',
    ' logfile: /peer/log',
    ' username: ""',
    ' chroot: ""',
    ' directory: /peer',
    ' pidfile: ""',
    ' num-threads: 1',
    ` interface: ${address}`,
    ' access-control: 127.0.0.0/8 allow',
    ' do-ip6: no',
    // Everything here is local, and the names are those that others keep away from their resolvers.
    ' do-not-query-localhost: no',
    ' root-hints: /peer/hints',
    ...['test.', 'invalid.', '127.in-addr.arpa.'].map((name) => ` local-zone: ${name} nodefault`),
    ' ede: yes',
    ' val-log-level: 2',
    // An answer is what the question's own servers say, whatever was asked before.
    ' aggressive-nsec: no',
    ' minimal-responses: no',
    ' trust-anchor-signaling: no',
    ' root-key-sentinel: no',
    ...own[kind],
    '',
  ].join('\n');
  return startServer(root, {
    name: `unbound at ${address}`,
    launch: 'exec unbound -d -c /peer/unbound.conf',
    address,
    port: 53,
    logs: ['/peer/log'],
    files: {
      '/peer/unbound.conf': configuration,
      '/peer/anchor': anchor,
      '/peer/hints': `. 3600000 NS a.root.\na.root. 3600000 A ${net.address(serverAddresses.root)}\n`,
    },
  });
}

const own: Readonly<Record<ResolverKind, readonly string[]>> = {
  validating: [' module-config: "validator iterator"', ' trust-anchor-file: /peer/anchor'],
  plain: [' module-config: "iterator"'],
  stripping: [' module-config: "iterator"', ' disable-edns-do: yes'],
};
