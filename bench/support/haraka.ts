/** Haraka as a relay for the benches: fetched from the registry that npm uses, run from a private folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, waitForPort } from '../../test/peers/support/ports.ts';
import { children } from './processes.ts';
import type { Relay, StartRelay, Task } from './relays.ts';

export const harakaVersion = '3.3.4';
/** What it asks for by ranges, some of which lead to packages that cannot be had everywhere. */
const overrides = { 'encoding-japanese': '2.4.0', libqp: '2.1.2', libmime: '5.3.7' };

const folder = join(import.meta.dirname, '../../.peers/haraka');
const program = join(folder, 'node_modules/haraka');

async function fetchHaraka(): Promise<void> {
  if (existsSync(join(program, 'haraka.js'))) return;
  await mkdir(folder, { recursive: true });
  const wanted = { name: 'haraka-here', private: true, dependencies: { haraka: harakaVersion }, overrides };
  await writeFile(join(folder, 'package.json'), JSON.stringify(wanted));
  const npm = spawn('npm', ['install', '--omit=optional', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(npm, 'exit')) as [number];
  if (code !== 0) throw new Error(`npm install of Haraka ended with ${code}`);
}

/**
 * Haraka with as many processes as cores, nothing in it but what the task needs.
 *
 * It opens a connection for each message, and has no way to demand TLS but for hosts in a list, which it can then verify.
 */
export const haraka: StartRelay = async ({ sink, tls, deliver, authority }: Task): Promise<Relay> => {
  await fetchHaraka();
  const port = await freePort('127.0.0.1');
  const pair = await authority.issue({ names: ['127.0.0.1', 'haraka.test'] });
  const home = await mkdtemp(join(tmpdir(), 'waxwing-haraka-'));
  // It counts on what its own installer would put there.
  await cp(join(program, 'config'), join(home, 'config'), { recursive: true });
  await mkdir(join(home, 'plugins'));
  await symlink(join(folder, 'node_modules'), join(home, 'node_modules'));
  const files: Readonly<Record<string, string>> = {
    'ca.pem': authority.certPem,
    'config/me': 'relay.test\n',
    'config/host_list': '\n',
    'config/plugins': 'tls\nbench\n',
    'config/tls_key.pem': pair.keyPem,
    'config/tls_cert.pem': pair.certPem,
    'config/loglevel': 'ERROR\n',
    'config/log.ini': '[main]\nlevel=error\n',
    'config/smtp.ini': `[main]\nlisten=127.0.0.1:${port}\nnodes=cpus\n`,
    'config/outbound.ini': `[main]\nenable_tls=${tls !== 'none'}\nlocal_mx_ok=true\nconcurrency_max=100\n`,
    'config/tls.ini': `[outbound]\n${tls === 'verified' ? 'force_tls_hosts[]=sink.test\n' : 'rejectUnauthorized=false\n'}`,
    'plugins/bench.js': plugin(sink, deliver),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
  const before = await children();
  const child = spawn(process.execPath, [join(program, 'bin/haraka'), '-c', home], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(home, 'ca.pem') },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-20_000)));
  await waitForPort('127.0.0.1', port, () => log);
  return {
    port,
    roots: (await children()).difference(before),
    log: () => log,
    close: async () => {
      child.kill();
      await once(child, 'exit');
      await rm(home, { recursive: true, force: true });
    },
  };
};

/** Nobody is looked up, whoever connects may relay, and mail for everywhere goes to the sink. */
function plugin(sink: number, deliver: Task['deliver']): string {
  const answer =
    deliver === 'keep'
      ? 'DENYSOFT'
      : `OK, { exchange: '127.0.0.1', from_dns: 'sink.test', port: ${sink}, priority: 0 }`;
  return `
exports.hook_lookup_rdns = (next) => next(OK, 'source.test');
exports.hook_connect = (next, connection) => { connection.relaying = true; next(); };
exports.hook_get_mx = (next) => next(${answer});
`;
}
