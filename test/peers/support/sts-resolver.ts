/** postfix-mta-sts-resolver in a sandbox: answers Postfix's look-ups by MTA-STS. */
import { freePort } from './ports.ts';
import { startServer } from './server.ts';

export interface StsResolverOptions {
  /** Of the resolver that it asks, port 53. */
  readonly resolver: string;
  /** Authorities that policy hosts are verified against, PEM. */
  readonly trust: string;
  /** Where it keeps policies: in memory, or as Debian's configuration has it. In memory by default. */
  readonly cache?: 'memory' | 'sqlite';
}

export interface StsResolver {
  readonly address: string;
  readonly port: number;
  readonly log: () => string;
  close(): Promise<void>;
}

const logFile = '/var/log/sts-resolver.log';
const address = '127.0.0.1';

const caches = {
  memory: ['  type: internal', '  options:', '    cache_size: 100000'],
  sqlite: ['  type: sqlite', '  options:', '    filename: /var/lib/sts-cache.db'],
} as const;

export async function startStsResolver(root: string, options: StsResolverOptions): Promise<StsResolver> {
  const port = await freePort(address);
  const settings = [
    `host: ${address}`,
    `port: ${port}`,
    'cache:',
    ...caches[options.cache ?? 'memory'],
    'default_zone:',
    '  strict_testing: false',
    '  timeout: 10',
  ];
  const { sandbox, log } = await startServer(root, {
    name: 'postfix-mta-sts-resolver',
    // Its look-ups of addresses go by the system, those of records by a library of their own; both read resolv.conf.
    launch: `SSL_CERT_FILE=/peer/roots.pem exec mta-sts-daemon -v info -l ${logFile} -c /etc/mta-sts-daemon.yml`,
    address,
    port,
    logs: [logFile],
    files: {
      '/etc/mta-sts-daemon.yml': `${settings.join('\n')}\n`,
      '/etc/resolv.conf': `nameserver ${options.resolver}\n`,
      '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
      '/peer/roots.pem': options.trust,
    },
  });
  return { address, port, log, close: sandbox.close };
}
