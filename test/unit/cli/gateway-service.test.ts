/** Gateways of a configuration, and what becomes of them when it is read again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { readFiles } from '../../../src/cli/config/files.ts';
import { loadConfig } from '../../../src/cli/config/load.ts';
import { gatewayAddresses } from '../../../src/cli/gateway-service.ts';
import { startService } from '../../../src/cli/service.ts';
import { parseDomain } from '../../../src/names/domain.ts';
import { openPlaces } from '../../../src/net/places.ts';
import { type Certificate, createAuthority } from '../../support/certificates.ts';
import { good } from './config/support.ts';

const authority = await createAuthority();

interface Started {
  readonly folder: string;
  readonly log: readonly string[];
  /** Of listeners and of the metrics, in the order in which they were told. */
  readonly ports: readonly number[];
  readonly change: (toml: string) => Promise<void>;
  readonly events: () => readonly { readonly event: string; readonly gateway: string }[];
}

const head =
  'hostname = "relay.test"\ndata = "data"\nlistener = []\n[dns]\nresolver = ["127.0.0.1:9"]\ndnssec = "off"\n';
const gateway = (name: string, listen: string, rest = ''): string =>
  `[[gateway]]\nname = "${name}"\nprotocol = "imap"\ntls_listen = "${listen}"\nbackend = "127.0.0.1:1"\n${rest}\n`;

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    assert.ok(turn < 6000, 'it never comes to that');
    await sleep(5);
  }
}

async function start(
  t: TestContext,
  toml: string,
  certificates: Readonly<Record<string, Certificate>> = {},
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-gateways-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  for (const [name, one] of Object.entries(certificates)) put(folder, name, one);
  const file = join(folder, 'waxwing.toml');
  writeFileSync(file, head + toml);
  const load = () => loadConfig({ file, env: {}, flags: {} });
  const { config, effective } = good(load());
  const { files, errors } = await readFiles(config, effective, Date.now());
  assert.ok(files !== undefined, JSON.stringify(errors));
  const log: string[] = [];
  const ports: number[] = [];
  const note =
    (level: string) =>
    (about: unknown, what?: string): void => {
      log.push(`${level}: ${what ?? String(about)}`);
      if (typeof about === 'object' && about !== null && 'port' in about) ports.push(Number(about.port));
    };
  const service = await startService({
    first: { config, files, effective },
    load,
    places: () => openPlaces([]),
    log: { info: note('info'), warn: note('warn'), error: note('error') },
    onError: (what, error) => log.push(`failure: ${what}: ${String(error)}`),
  });
  t.after(() => service.close());
  return {
    folder,
    log,
    ports,
    async change(next) {
      const before = log.length;
      writeFileSync(file, head + next);
      service.reload();
      const ends = /^(?:info: the configuration was|error: the (?:new )?configuration|failure)/;
      await until(() => log.slice(before).some((line) => ends.test(line)));
    },
    events: () =>
      readIfThere(join(folder, 'data', 'events.ndjson'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
  };
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function put(folder: string, name: string, { certPem, keyPem }: Certificate): void {
  writeFileSync(join(folder, `${name}.crt`), certPem);
  writeFileSync(join(folder, `${name}.key`), keyPem);
}

/** The names in the certificate that is shown for a name, and the connection that it was shown on. */
async function shown(
  t: TestContext,
  port: number | undefined,
  servername = 'any.test',
): Promise<{ readonly names: string; readonly socket: Socket }> {
  const socket = connectTls({ port: port ?? 0, host: '127.0.0.1', servername, rejectUnauthorized: false });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'secureConnect');
  return { names: socket.getPeerX509Certificate()?.subjectAltName ?? '', socket };
}

describe('[[gateway]]', () => {
  it('stands beside the relay, shows its certificates, and writes into the same event log', async (t) => {
    const one = await authority.issue({ names: ['one.test'] });
    const two = await authority.issue({ names: ['two.test'] });
    const { ports, log, events } = await start(
      t,
      `${gateway('a', '127.0.0.1:0')}${gateway('b', '127.0.0.1:0', 'cert = "two.crt"\nkey = "two.key"')}[tls]\ncert = "one.crt"\nkey = "one.key"\n`,
      { one, two },
    );
    assert.deepEqual(
      log.filter((line) => line === 'info: listening'),
      ['info: listening', 'info: listening'],
    );
    assert.equal((await shown(t, ports[0])).names, 'DNS:one.test');
    const { names, socket } = await shown(t, ports[1]);
    assert.equal(names, 'DNS:two.test');
    socket.end();
    await until(() => events().some((event) => event.event === 'connection' && event.gateway === 'b'));
  });

  it('without any certificate shows the one that is made at the first start', async (t) => {
    const { ports } = await start(t, gateway('a', '127.0.0.1:0'));
    assert.match((await shown(t, ports[0])).names, /^DNS:relay\.test, /);
  });

  it('says where its counters are, and shows them', async (t) => {
    const { ports } = await start(t, `${gateway('a', '127.0.0.1:0')}[metrics]\nlisten = "127.0.0.1:0"\n`);
    const [metrics, imap] = ports;
    await shown(t, imap);
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    assert.match(text, /^waxwing_gateway_handshakes_total\{gateway="a",version="TLSv1\.3"\} 1$/m);
  });
});

describe('a reload', () => {
  it('leaves a listener that did not move where it is; new clients meet the new settings', async (t) => {
    const one = await authority.issue({ names: ['one.test'] });
    const two = await authority.issue({ names: ['two.test'] });
    const other = 'cert = "two.crt"\nkey = "two.key"';
    const { ports, log, change } = await start(
      t,
      `${gateway('a', '127.0.0.1:0')}[tls]\ncert = "one.crt"\nkey = "one.key"\n`,
      { one, two },
    );
    assert.equal((await shown(t, ports[0])).names, 'DNS:one.test');
    await change(`${gateway('a', '127.0.0.1:0', other)}[tls]\ncert = "one.crt"\nkey = "one.key"\n`);
    assert.equal(ports.length, 1, log.join('\n'));
    assert.equal((await shown(t, ports[0])).names, 'DNS:two.test');
  });

  it('binds what is new and closes what is gone', async (t) => {
    const { ports, change } = await start(t, gateway('a', '127.0.0.1:0'));
    await change(gateway('a', '127.0.0.2:0'));
    assert.equal(ports.length, 2);
    const gone = connect({ port: ports[0] ?? 0, host: '127.0.0.1' });
    await assert.rejects(once(gone, 'connect'), { code: 'ECONNREFUSED' });
  });

  it('that cannot bind changes nothing, neither here nor in the relay', async (t) => {
    const { ports, log, change } = await start(t, gateway('a', '127.0.0.1:0'));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await change(`${gateway('a', '127.0.0.1:0')}${gateway('b', `127.0.0.1:${port}`)}`);
    assert.match(log.join('\n'), /cannot be put in force: .*EADDRINUSE/);
    assert.equal(ports.length, 1);
    assert.match((await shown(t, ports[0])).names, /^DNS:relay\.test, /);
  });

  it('takes a renewed certificate, whoever shows it', async (t) => {
    const one = await authority.issue({ names: ['one.test'] });
    const two = await authority.issue({ names: ['two.test'] });
    const toml = `${gateway('a', '127.0.0.1:0')}${gateway('b', '127.0.0.1:0', 'cert = "two.crt"\nkey = "two.key"')}[tls]\ncert = "one.crt"\nkey = "one.key"\n`;
    const { ports, folder, change } = await start(t, toml, { one, two });
    put(folder, 'one', await authority.issue({ names: ['one.test', 'new.test'] }));
    put(folder, 'two', await authority.issue({ names: ['two.test', 'new.test'] }));
    await change(toml);
    assert.equal((await shown(t, ports[0])).names, 'DNS:one.test, DNS:new.test');
    assert.equal((await shown(t, ports[1])).names, 'DNS:two.test, DNS:new.test');
  });

  it('says that the place of the counters takes a restart', async (t) => {
    const { log, change } = await start(t, gateway('a', '127.0.0.1:0'));
    await change(`${gateway('a', '127.0.0.1:0')}[metrics]\nlisten = "127.0.0.1:0"\n`);
    assert.ok(log.some((line) => line.startsWith('warn: metrics.listen was changed; that takes a restart')));
  });
});

describe('addresses of backends', () => {
  it('are those of the look-ups of the moment', async () => {
    const parsed = parseDomain('mail.test');
    assert.ok(parsed.kind === 'ok');
    const evidence = { dnssec: 'insecure', aliases: [] } as const;
    const answers = [
      { kind: 'found', value: ['192.0.2.1'], ...evidence },
      { kind: 'absent', what: 'no-such-name', ...evidence },
      { kind: 'unknown', because: 'nobody answered' },
    ] as const;
    let turn = -1;
    const addressesOf = gatewayAddresses(() => {
      turn += 1;
      const answer = answers[turn] ?? answers[0];
      return { addresses: () => Promise.resolve(answer) };
    });
    assert.deepEqual(await addressesOf(parsed.value), { kind: 'found', addresses: ['192.0.2.1'] });
    assert.deepEqual(await addressesOf(parsed.value), {
      kind: 'failed',
      because: 'mail.test has no address',
    });
    assert.deepEqual(await addressesOf(parsed.value), {
      kind: 'failed',
      because: 'mail.test: nobody answered',
    });
  });
});
