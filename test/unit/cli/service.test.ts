import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { readFiles } from '../../../src/cli/config/files.ts';
import { loadConfig } from '../../../src/cli/config/load.ts';
import { type Service, startService } from '../../../src/cli/service.ts';
import { openPlaces } from '../../../src/net/places.ts';
import { createAuthority } from '../../support/certificates.ts';
import { good } from './config/support.ts';

const authority = await createAuthority();

interface Started {
  readonly service: Service;
  readonly folder: string;
  /** `warn: the data folder …`, in order. */
  readonly log: readonly string[];
  /** Of the listeners, in the order in which they came. */
  readonly ports: readonly number[];
  /** Makes this the configuration, and has it read. */
  readonly change: (toml: string) => Promise<void>;
}

const head = 'hostname = "relay.test"\ndata = "data"\n[dns]\nresolver = ["127.0.0.1:9"]\ndnssec = "off"\n';
const listener = (address: string, rest = ''): string =>
  `[[listener]]\nrole = "submission"\naddress = "${address}"\n${rest}\n`;

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    assert.ok(turn < 6000, 'it never comes to that');
    await sleep(5);
  }
}

/** @param mode of the data folder. */
async function start(
  t: TestContext,
  toml: string,
  { mode = 0o700, prepare = (_folder: string) => {} } = {},
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-service-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'));
  chmodSync(join(folder, 'data'), mode);
  prepare(folder);
  const file = join(folder, 'waxwing.toml');
  writeFileSync(file, head + toml);
  const load = () => loadConfig({ file, env: {}, flags: {} });
  const { config, effective } = good(load());
  const { files, errors } = await readFiles(config, effective, Date.now());
  assert.ok(files !== undefined, JSON.stringify(errors));
  const log: string[] = [];
  const ports: number[] = [];
  const put =
    (level: string) =>
    (about: unknown, what?: string): void => {
      log.push(`${level}: ${what ?? String(about)}`);
      if (what === 'listening') ports.push((about as { port: number }).port);
    };
  const service = await startService({
    first: { config, files, effective },
    load,
    places: () => openPlaces([]),
    log: { info: put('info'), warn: put('warn'), error: put('error') },
    onError: (what, error) => log.push(`failure: ${what}: ${String(error)}`),
  });
  t.after(() => service.close());
  const change = async (next: string): Promise<void> => {
    const before = log.length;
    writeFileSync(file, head + next);
    service.reload();
    const ends = /^(?:info: the configuration was|error: the (?:new )?configuration|failure)/;
    await until(() => log.slice(before).some((line) => ends.test(line)));
  };
  return { service, folder, log, ports, change };
}

/** A client of the listener on this port, once it was greeted. */
async function greeted(t: TestContext, port: number | undefined): Promise<Socket> {
  const socket = connect(port ?? 0, '127.0.0.1');
  t.after(() => socket.destroy());
  const [greeting] = await once(socket, 'data');
  assert.match(String(greeting), /^220 relay\.test /);
  return socket;
}

async function ask(socket: Socket, command: string): Promise<string> {
  socket.write(`${command}\r\n`);
  const [answer] = await once(socket, 'data');
  return String(answer);
}

/** What the certificate of a listener with implicit TLS says. */
async function shownAt(port: number | undefined): Promise<string> {
  const socket = connectTls({ port: port ?? 0, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'data');
  const { serialNumber } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return serialNumber ?? 'none';
}

/** Hands in one message, for which nobody can be asked where it goes. */
async function handIn(t: TestContext, port: number | undefined): Promise<void> {
  const socket = await greeted(t, port);
  for (const command of ['EHLO client.test', 'MAIL FROM:<a@origin.test>', 'RCPT TO:<b@far.test>', 'DATA']) {
    assert.match(await ask(socket, command), /^[23]/);
  }
  assert.match(await ask(socket, 'Subject: x\r\n\r\nx\r\n.'), /^250 /);
}

describe('the data folder', () => {
  it('is warned about where others can look into it, by its mode', async (t) => {
    const { log } = await start(t, listener('127.0.0.1:0'), { mode: 0o750 });
    assert.deepEqual(log, [
      'warn: the data folder has mode 0750: other users may read mail and keys; 0700 is right',
      'info: listening',
      'info: ready',
    ]);
  });

  it('with mode 0700 is right', async (t) => {
    const { log } = await start(t, listener('127.0.0.1:0'));
    assert.deepEqual(log, ['info: listening', 'info: ready']);
  });
});

describe('a reload', () => {
  it('opens and closes listeners, and leaves the others and their sessions alone', async (t) => {
    const { log, ports, change } = await start(
      t,
      listener('127.0.0.1:0', 'tls = "implicit"') + listener('127.0.0.2:0'),
    );
    const [implicit, other] = ports;
    assert.equal(ports.length, 2);
    const session = connect(other ?? 0, '127.0.0.2');
    t.after(() => session.destroy());
    await once(session, 'data');
    await change(listener('127.0.0.2:0') + listener('127.0.0.1:0'));
    assert.equal(log.at(-1), 'info: the configuration was reloaded');
    assert.equal(ports.length, 3, 'the one that stayed is not named again');
    await greeted(t, ports[2]);
    const gone = connect(implicit ?? 0, '127.0.0.1');
    await assert.rejects(once(gone, 'connect'), /ECONNREFUSED/);
    assert.match(await ask(session, 'EHLO client.test'), /^250-relay\.test/);
  });

  it('holds for new sessions', async (t) => {
    const { ports, change } = await start(t, listener('127.0.0.1:0'));
    const before = await greeted(t, ports[0]);
    await change(`${listener('127.0.0.1:0')}[relay]\nmax_message_size = "1MB"\n`);
    assert.match(await ask(await greeted(t, ports[0]), 'EHLO client.test'), /^250-SIZE 1000000\r$/m);
    assert.match(await ask(before, 'EHLO client.test'), /^250-SIZE 50000000\r$/m);
  });

  it('that finds a mistake changes nothing', async (t) => {
    const { log, ports, change } = await start(t, listener('127.0.0.1:0'));
    await change('x = 1\n');
    assert.equal(log.at(-1), 'error: the configuration was not reloaded: everything stays as it was');
    await greeted(t, ports[0]);
  });

  it('that cannot bind an address changes nothing', async (t) => {
    const { log, ports, change } = await start(t, listener('127.0.0.1:0'));
    const [port] = ports;
    const taken = await start(t, listener('127.0.0.1:0'));
    await change(
      `${listener('127.0.0.1:0')}${listener(`127.0.0.1:${taken.ports[0]}`)}[relay]\nmax_message_size = "1MB"\n`,
    );
    assert.match(log.at(-1) ?? '', /^error: the new configuration cannot be put in force: listen EADDRINUSE/);
    assert.match(await ask(await greeted(t, port), 'EHLO client.test'), /^250-SIZE 50000000\r$/m);
  });

  it('opens the event log anew, as whoever has moved it away expects', async (t) => {
    const { folder, ports, change } = await start(t, listener('127.0.0.1:0'));
    const path = join(folder, 'data', 'events.ndjson');
    const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    await handIn(t, ports[0]);
    await until(() => size(path) > 0);
    renameSync(path, `${path}.1`);
    await change(listener('127.0.0.1:0'));
    await handIn(t, ports[0]);
    await until(() => size(path) > 0);
  });
});

describe('certificates', () => {
  const implicit = listener('127.0.0.1:0', 'tls = "implicit"');
  const tls = (name: string): string => `[tls]\ncert = "${name}.pem"\nkey = "${name}.key"\n`;
  const issue = (folder: string, name: string, pair: { certPem: string; keyPem: string }): void => {
    writeFileSync(join(folder, `${name}.pem`), pair.certPem);
    writeFileSync(join(folder, `${name}.key`), pair.keyPem);
  };

  it('of the configuration take the place of the one that was made at the first start, and back', async (t) => {
    const { folder, ports, change } = await start(t, implicit);
    const own = await shownAt(ports[0]);
    issue(folder, 'a', await authority.issue({ names: ['relay.test'] }));
    await change(implicit + tls('a'));
    assert.notEqual(await shownAt(ports[0]), own);
    await change(implicit);
    assert.equal(await shownAt(ports[0]), own);
  });

  it('that were renewed are in use after a reload, even one that finds mistakes elsewhere', async (t) => {
    const [first, second] = await Promise.all([1, 2].map(() => authority.issue({ names: ['relay.test'] })));
    assert.ok(first !== undefined && second !== undefined);
    const { folder, log, ports, change } = await start(t, implicit + tls('a'), {
      prepare: (place) => issue(place, 'a', first),
    });
    const before = await shownAt(ports[0]);
    issue(folder, 'a', second);
    await change(`${implicit}${tls('a')}x = 1\n`);
    await until(() => log.some((line) => /^info: the certificate in .*a\.pem was renewed/.test(line)));
    assert.notEqual(await shownAt(ports[0]), before);
  });
});
