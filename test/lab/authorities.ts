/** The servers of the lab's zones: NSD and Knot, each with zones whose parents the others have. */
import { type Server, startServer } from '../peers/support/server.ts';
import type { Built } from './build/build.ts';
import { serverAddresses } from './build/zone-text.ts';
import type { Net } from './net.ts';
import type { ServerName, Zone } from './zone.ts';

/** Servers that answer for zones. */
export interface Authorities {
  readonly addresses: Readonly<Record<ServerName, string>>;
  /** What one of them has to say. */
  readonly log: (server: ServerName) => string;
  readonly close: () => Promise<void>;
}

const programs = {
  root: 'nsd',
  tld: 'nsd',
  'tld-knot': 'knot',
  leaf: 'nsd',
  'leaf-knot': 'knot',
  below: 'nsd',
} as const satisfies Record<ServerName, 'nsd' | 'knot'>;

const names: readonly ServerName[] = ['root', 'tld', 'tld-knot', 'leaf', 'leaf-knot', 'below'];

export async function startAuthorities(
  roots: Readonly<Record<'nsd' | 'knot', string>>,
  net: Net,
  zones: readonly Zone[],
  built: Pick<Built, 'files' | 'onlineKeys'>,
): Promise<Authorities> {
  const address = (name: ServerName): string => net.address(serverAddresses[name]);
  const started = await Promise.allSettled(
    names.map(async (name): Promise<[ServerName, Server]> => {
      const its = zones.filter((zone) => zone.server === name).map((zone) => zone.name);
      const start = programs[name] === 'nsd' ? startNsd : startKnotd;
      return [name, await start(roots[programs[name]], address(name), its, built)];
    }),
  );
  const running = new Map(started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  const close = async (): Promise<void> => {
    await Promise.all([...running.values()].map((server) => server.sandbox.close()));
  };
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return {
    addresses: {
      root: address('root'),
      tld: address('tld'),
      'tld-knot': address('tld-knot'),
      leaf: address('leaf'),
      'leaf-knot': address('leaf-knot'),
      below: address('below'),
    },
    log: (name) => running.get(name)?.log() ?? '',
    close,
  };
}

function zoneFiles(
  zones: readonly string[],
  files: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(zones.map((zone, index) => [zonePath(index), files[zone] ?? '']));
}

function zonePath(index: number): string {
  return `/peer/zones/${index}.zone`;
}

function startNsd(
  root: string,
  address: string,
  zones: readonly string[],
  { files }: Pick<Built, 'files'>,
): Promise<Server> {
  const configuration = [
    'server:',
    ` ip-address: ${address}`,
    ' username: ""',
    ' chroot: ""',
    ' pidfile: ""',
    ' zonesdir: /peer',
    ' logfile: /peer/log',
    ' verbosity: 1',
    ' server-count: 1',
    ' do-ip6: no',
    ' minimal-responses: no',
    // Tests ask as fast as they can.
    ' rrl-ratelimit: 0',
    'remote-control:',
    ' control-enable: no',
    ...zones.map((zone, index) => `zone:\n name: "${zone}"\n zonefile: ${zonePath(index)}`),
    '',
  ].join('\n');
  return startServer(root, {
    name: `nsd at ${address}`,
    launch: 'exec nsd -d -c /peer/nsd.conf',
    address,
    port: 53,
    logs: ['/peer/log'],
    files: { '/peer/nsd.conf': configuration, ...zoneFiles(zones, files) },
  });
}

const KNOT = '/peer/knot.conf';

function startKnotd(
  root: string,
  address: string,
  zones: readonly string[],
  { files, onlineKeys }: Pick<Built, 'files' | 'onlineKeys'>,
): Promise<Server> {
  const keys = zones.flatMap((zone) => Object.entries(onlineKeys[zone] ?? {}));
  const imports = zones.flatMap((zone) =>
    Object.keys(onlineKeys[zone] ?? {})
      .filter((name) => name.endsWith('.key'))
      .map((name) => `keymgr -c ${KNOT} ${zone}. import-bind /peer/keys/${name}`),
  );
  const configuration = [
    'server:',
    ` listen: ${address}@53`,
    ' user: root:root',
    ' udp-workers: 1',
    ' tcp-workers: 1',
    ' background-workers: 1',
    ' rundir: /run',
    'log:',
    ' - target: /peer/log',
    '   any: info',
    'database:',
    ' storage: /var/lib/knot',
    'template:',
    ' - id: default',
    '   zonefile-sync: -1',
    '   journal-content: none',
    'policy:',
    ' - id: online',
    '   manual: on',
    'mod-onlinesign:',
    ' - id: online',
    '   policy: online',
    'zone:',
    ...zones.flatMap((zone, index) => [
      ` - domain: ${zone}`,
      `   file: ${zonePath(index)}`,
      ...(onlineKeys[zone] === undefined ? [] : ['   module: mod-onlinesign/online']),
    ]),
    '',
  ].join('\n');
  return startServer(root, {
    name: `knotd at ${address}`,
    launch: ['set -e', 'mkdir -p /var/lib/knot', ...imports, `exec knotd -c ${KNOT}`].join('\n'),
    address,
    port: 53,
    logs: ['/peer/log'],
    files: {
      [KNOT]: configuration,
      ...Object.fromEntries(keys.map(([name, text]) => [`/peer/keys/${name}`, text])),
      ...zoneFiles(zones, files),
    },
  });
}
