import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Registry } from 'prom-client';
import { type Advisor, showPlace, startAdvisor } from '../../../src/advisor/advisor.ts';
import { netstring } from '../../../src/advisor/netstrings.ts';
import type { AdvisorListener, AdvisorProtocol } from '../../../src/advisor/settings.ts';
import type { Learnt } from '../../../src/lookup/engine.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import type { LocalPlace } from '../../../src/net/local-listener.ts';
import { learnt, mayRules } from '../../support/advisor.ts';
import { factsOf, hostWith } from '../../support/destinations.ts';
import { readExposition } from '../../support/exposition.ts';
import { eventually } from '../../support/relay.ts';

const LOOPBACK: LocalPlace = { kind: 'address', address: '127.0.0.1', port: 0 };
const dane = factsOf({ hosts: [hostWith('mx1.example.test', 'usable')] });

function listener(protocol: AdvisorProtocol, place: LocalPlace = LOOPBACK): AdvisorListener {
  return { protocol, place, version: { major: 3, minor: 7 }, dane: 'with', outcomes: false };
}

interface Running {
  readonly advisor: Advisor;
  readonly registry: Registry;
  readonly oddities: readonly string[];
  facts: () => Promise<Learnt>;
}

async function start(t: TestContext, ...listeners: readonly AdvisorListener[]): Promise<Running> {
  const registry = new Registry();
  const oddities: string[] = [];
  const running = { facts: () => Promise.resolve(learnt(dane)) };
  const deadlines = startDeadlines(20);
  const advisor = await startAdvisor({
    settings: { listeners, connections: 100, answers: 100 },
    learn: () => running.facts(),
    rulesFor: () => mayRules,
    remember: () => false,
    deadlines,
    registry,
    wallClock: () => 0,
    version: '1.2.3',
    umask: (mask) => process.umask(mask),
    onOddity: (what) => void oddities.push(what),
    onError: (what, error) => assert.fail(`${what}: ${String(error)}`),
  });
  t.after(async () => {
    await advisor.close(0);
    deadlines.close();
  });
  return Object.assign(running, { advisor, registry, oddities });
}

function placeOf({ advisor }: Running, protocol: AdvisorProtocol): LocalPlace {
  const found = advisor.places.find((one) => one.protocol === protocol);
  return found === undefined ? assert.fail(`there is no ${protocol}`) : found.place;
}

function dial(place: LocalPlace): Socket {
  return place.kind === 'file' ? connect(place.path) : connect(place.port, place.address);
}

/** Sends it, and hears what comes first. */
function exchange(socket: Socket, octets: Buffer | string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it was closed')));
    socket.write(octets);
  });
}

async function once(place: LocalPlace, octets: Buffer | string): Promise<string> {
  const socket = dial(place);
  try {
    return await exchange(socket, octets);
  } finally {
    socket.destroy();
  }
}

function get(place: LocalPlace, path: string): Promise<string> {
  const at = place.kind === 'file' ? { socketPath: place.path } : { host: place.address, port: place.port };
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, path, headers: { host: 'localhost' } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
}

const socketmapRequest = netstring('postfix example.test');

describe('the advisor', () => {
  it('answers by each protocol', async (t) => {
    const running = await start(
      t,
      listener('socketmap'),
      listener('tcp_table'),
      listener('line'),
      listener('http'),
    );
    assert.equal(await once(placeOf(running, 'socketmap'), socketmapRequest), '12:OK dane-only,');
    assert.equal(await once(placeOf(running, 'tcp_table'), 'get example.test\n'), '200 dane-only\n');
    assert.match(await once(placeOf(running, 'line'), 'get example.test\n'), /^mx="mx1.* result=deliver\n$/);
    assert.match(await get(placeOf(running, 'http'), '/v1/policy/example.test'), /"text":"dane-only"/);
  });

  it('counts what it answers, and who breaks a protocol', async (t) => {
    const running = await start(t, listener('socketmap'));
    const place = placeOf(running, 'socketmap');
    const socket = dial(place);
    await exchange(socket, socketmapRequest);
    await exchange(socket, socketmapRequest);
    for (const _ of [1, 2, 3]) await assert.rejects(once(place, 'x'));
    const metrics = async (): Promise<ReadonlyMap<string, number>> =>
      readExposition(await running.registry.metrics());
    const shown = await eventually('one is left', async () => {
      const now = await metrics();
      return now.get('waxwing_advisor_connections_open') === 1 ? now : undefined;
    });
    const labels = (kept: string): string => `{protocol="socketmap",answer="policy",kept="${kept}"}`;
    assert.equal(shown.get(`waxwing_advisor_answers_total${labels('yes')}`), 1);
    assert.equal(shown.get(`waxwing_advisor_answers_total${labels('no')}`), 1);
    assert.equal(shown.get('waxwing_advisor_faults_total{protocol="socketmap"}'), 3);
    assert.equal(shown.get('waxwing_advisor_look_up_seconds_count'), 1);
    assert.deepEqual(running.oddities, ['a client of the advisor broke the protocol'], 'once a minute');
    socket.destroy();
  });

  it('a new configuration loses no connection, and no old answer outlives it', async (t) => {
    const running = await start(t, listener('socketmap'));
    const place = placeOf(running, 'socketmap');
    const socket = dial(place);
    assert.equal(await exchange(socket, socketmapRequest), '12:OK dane-only,');
    running.facts = () => Promise.resolve(learnt(factsOf()));
    assert.equal(await exchange(socket, socketmapRequest), '12:OK dane-only,');
    await running.advisor.reload({
      listeners: [listener('socketmap'), listener('line')],
      connections: 100,
      answers: 100,
    });
    assert.equal(await exchange(socket, socketmapRequest), '9:NOTFOUND ,');
    assert.deepEqual(placeOf(running, 'socketmap'), place);
    assert.match(await once(placeOf(running, 'line'), 'get example.test\n'), / result=deliver\n$/);
    socket.destroy();
  });

  it('a listener that is gone takes nobody in, and answers what it was asked', async (t) => {
    const running = await start(t, listener('socketmap'));
    const place = placeOf(running, 'socketmap');
    const { promise, resolve } = Promise.withResolvers<Learnt>();
    running.facts = () => promise;
    const socket = dial(place);
    const answer = exchange(socket, socketmapRequest);
    await new Promise((done) => setTimeout(done, 50));
    await running.advisor.reload({ listeners: [], connections: 100, answers: 100 });
    await assert.rejects(once(place, socketmapRequest));
    resolve(learnt(dane));
    assert.equal(await answer, '12:OK dane-only,');
    assert.deepEqual(running.advisor.places, []);
  });

  it('another protocol may have the place of one before; where a place cannot be had nothing new stays', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-advisor-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = { kind: 'file', path: join(folder, 'a.sock'), mode: 0o666 } as const;
    const running = await start(t, listener('socketmap', file));
    assert.equal(await once(file, socketmapRequest), '12:OK dane-only,');
    await running.advisor.reload({ listeners: [listener('line', file)], connections: 100, answers: 100 });
    assert.match(await once(file, 'get example.test\n'), / result=deliver\n$/);
    const nowhere = { kind: 'file', path: join(folder, 'no/such/folder/a.sock'), mode: 0o666 } as const;
    const listeners = [listener('line', file), listener('tcp_table'), listener('http', nowhere)];
    await assert.rejects(running.advisor.reload({ listeners, connections: 100, answers: 100 }));
    assert.deepEqual(
      running.advisor.places.map(({ protocol, place }) => `${protocol} ${showPlace(place)}`),
      [`line ${file.path}`],
    );
    assert.match(await once(file, 'get example.test\n'), / result=deliver\n$/);
  });

  it("an operator's word ends the answers before it", async (t) => {
    const running = await start(t, listener('socketmap'));
    const socket = dial(placeOf(running, 'socketmap'));
    await exchange(socket, socketmapRequest);
    running.facts = () => Promise.resolve(learnt(factsOf()));
    running.advisor.forget();
    assert.equal(await exchange(socket, socketmapRequest), '9:NOTFOUND ,');
    socket.destroy();
  });

  it('more than so many connections are closed as they come', async (t) => {
    const running = await start(t, listener('socketmap'));
    await running.advisor.reload({ listeners: [listener('socketmap')], connections: 1, answers: 100 });
    const place = placeOf(running, 'socketmap');
    const socket = dial(place);
    await exchange(socket, socketmapRequest);
    await assert.rejects(once(place, socketmapRequest));
    assert.equal(await exchange(socket, socketmapRequest), '12:OK dane-only,');
    socket.destroy();
  });

  it('HTTP at a socket: a connection that is kept open does not hold up the end', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-advisor-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = { kind: 'file', path: join(folder, 'a.sock'), mode: 0o600 } as const;
    const running = await start(t, listener('http', file));
    const socket = dial(file);
    const text = await exchange(socket, 'GET /v1/policy/example.test HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 200 /);
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    const begun = performance.now();
    await running.advisor.close(10_000);
    await gone;
    assert.ok(performance.now() - begun < 5_000);
  });
});
