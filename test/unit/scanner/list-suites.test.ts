/** Every suite of a server that is as a test wants it, and when no more is asked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloSeen, SuitesSeen } from '../../../src/findings/hello-seen.ts';
import type { Probed, VisitEnd } from '../../../src/findings/observation.ts';
import { listSuites } from '../../../src/scanner/list-suites.ts';
import type { ClientHelloSpec } from '../../../src/tls/hello/client-hello.ts';
import { suites as knownSuites } from '../../../src/tls/hello/suites.ts';
import { agreed, helloRefused, probeNotTested } from '../../support/observations.ts';

interface Server {
  /** Suites by version, in its own order. */
  readonly has: Readonly<Record<number, readonly number[]>>;
  readonly follows?: 'client' | 'itself';
  /** The alert of its refusals; null: it closes without a word. */
  readonly alert?: null;
  /** What it was seen to take before. */
  readonly known?: { readonly version: number; readonly suite: number };
  /** ChaCha20 goes first where the client wants it most. */
  readonly letsChaChaFirst?: true;
  /** From that connection on, from 1, it does this instead. */
  readonly from?: number;
  /** The last of these; absent: all that follow. */
  readonly until?: number;
  readonly instead?: { readonly seen: Probed<HelloSeen>; readonly end: VisitEnd };
  /** Milliseconds that each connection takes. */
  readonly ms?: number;
}

interface Listed extends SuitesSeen {
  readonly asked: readonly ClientHelloSpec[];
}

const without: VisitEnd = { kind: 'without-tls' };

async function list(server: Server, between: () => 'go' | 'stop' = () => 'go'): Promise<Listed> {
  const asked: ClientHelloSpec[] = [];
  let clock = 0;
  const knocking = {
    async hello(
      hello: (name: string | null) => { readonly offer: ClientHelloSpec | { readonly kind: 'sslv2' } },
    ) {
      const { offer } = hello('mx.example.test');
      assert.ok(offer.kind === 'tls');
      asked.push(offer);
      clock += server.ms ?? 0;
      const { from = 1, until = Infinity, instead } = server;
      if (instead !== undefined && asked.length >= from && asked.length <= until) return instead;
      return { seen: answer(server, offer), end: without };
    },
  };
  const seen = await listSuites(
    knocking,
    async () => between(),
    without,
    server.known,
    () => clock,
  );
  return { ...seen, asked };
}

const CHACHA = [0xcca8, 0xccaa, 0x1303];

function answer(
  { has, follows = 'itself', letsChaChaFirst, alert }: Server,
  offer: ClientHelloSpec,
): Probed<HelloSeen> {
  const best = offer.supportedVersions?.[0] ?? offer.legacyVersion;
  const spoken = Object.keys(has)
    .map(Number)
    .filter((version) => (offer.supportedVersions === null ? version <= best : version === best));
  const version = Math.max(...spoken);
  const mine = has[version] ?? [];
  const isChaCha = (suite: number): boolean => CHACHA.includes(suite);
  const wish = offer.suites.find((suite) => mine.includes(suite));
  const isGranted = letsChaChaFirst === true && wish !== undefined && isChaCha(wish);
  const own = isGranted ? mine.toSorted((a, b) => Number(isChaCha(b)) - Number(isChaCha(a))) : mine;
  const common =
    follows === 'itself'
      ? own.find((suite) => offer.suites.includes(suite))
      : offer.suites.find((suite) => own.includes(suite));
  if (common === undefined) return helloRefused(alert);
  if (version === 0x0304) return { kind: 'seen', result: 'retry', group: 29, suite: common };
  return agreed({ version, suite: common });
}

describe('every suite', () => {
  it('of a server with an order of its own, in that order', async () => {
    const has = {
      0x0301: [0x2f, 0x35],
      0x0303: [0xc030, 0x2f, 0xc02f, 0x9e, 0x0a],
      0x0304: [0x1302, 0x1301],
    };
    const { versions, connections, asked } = await list({ has });
    assert.deepEqual(versions, [
      { version: 0x0301, suites: [0x2f, 0x35], ownOrder: true, unfinished: null },
      { version: 0x0303, suites: [0xc030, 0x2f, 0xc02f, 0x9e, 0x0a], ownOrder: true, unfinished: null },
      { version: 0x0304, suites: [0x1302, 0x1301], ownOrder: true, unfinished: null },
    ]);
    assert.equal(connections, asked.length);
    assert.ok(connections < 100, String(connections));
  });

  it('of a server that follows the client: all of them, and that it has none', async () => {
    const has = { 0x0303: [0x0a, 0xc02f, 0x2f] };
    const { versions } = await list({ has, follows: 'client' });
    assert.equal(versions.length, 1);
    assert.deepEqual(
      versions[0]?.suites.toSorted((a, b) => a - b),
      [0x0a, 0x2f, 0xc02f],
    );
    assert.equal(versions[0]?.ownOrder, false);
  });

  it('of a server that lets ChaCha20 go first for clients that want it: its own order all the same', async () => {
    const has = { 0x0303: [0xc030, 0xcca8, 0xc02f, 0xccaa], 0x0304: [0x1302, 0x1303, 0x1301] };
    const { versions } = await list({ has, letsChaChaFirst: true });
    assert.deepEqual(
      versions.map(({ suites, ownOrder }) => [suites, ownOrder]),
      [
        [has[0x0303], true],
        [has[0x0304], true],
      ],
    );
    const plain = await list({ has });
    assert.deepEqual(
      plain.versions.map(({ suites, ownOrder }) => [suites, ownOrder]),
      [
        [has[0x0303], true],
        [has[0x0304], true],
      ],
    );
    // Of one beside ChaCha20 it cannot be told.
    const two = await list({ has: { 0x0304: [0x1301, 0x1303] }, letsChaChaFirst: true });
    assert.equal(two.versions[0]?.ownOrder, null);
    const client = await list({ has, follows: 'client' });
    assert.deepEqual(
      client.versions.map(({ ownOrder }) => ownOrder),
      [false, false],
    );
  });

  it('of one suite no order can be told', async () => {
    const { versions } = await list({ has: { 0x0302: [0x35] } });
    assert.deepEqual(versions, [{ version: 0x0302, suites: [0x35], ownOrder: null, unfinished: null }]);
  });

  it('a version that is not there costs one connection, and TLS 1.3 as many as it has kinds', async () => {
    const { connections, versions } = await list({ has: {} });
    assert.deepEqual(versions, []);
    assert.ok(connections <= 6, String(connections));
  });

  it('SNI goes along, but in SSL 3.0, which has no room for it', async () => {
    const { asked } = await list({ has: { 0x0300: [0x0a, 0x05], 0x0303: [0x2f] } });
    for (const { legacyVersion, serverName } of asked)
      assert.equal(serverName, legacyVersion === 0x0300 ? null : 'mx.example.test');
  });
});

/** Suites of several ways of key exchange, with and without forward secrecy. */
const many = [...knownSuites.values()]
  .filter(({ code }) => code < 0x1300 || code >= 0xc000)
  .map(({ code }) => code);

describe('no more is asked', () => {
  const has = { 0x0303: [0xc030, 0x2f, 0xc02f, 0x9e, 0x0a], 0x0304: [0x1302, 0x1301] };

  it('of a server that sends us away, and the list says so', async () => {
    const answerSeen = { code: 421, positive: false, text: '421 4.7.0 too often' };
    const end: VisitEnd = { kind: 'throttled', at: 'greeting', answer: answerSeen };
    const instead = { seen: { kind: 'not-tested', because: 'it sent us away for now', end } as const, end };
    const { versions, connections } = await list({ has, from: 8, instead });
    assert.equal(connections, 8);
    assert.deepEqual(
      versions.map(({ version, unfinished }) => [version, unfinished]),
      [[0x0303, 'it sent us away for now']],
    );
  });

  it('of a server that does not offer STARTTLS any more', async () => {
    const instead = { seen: { kind: 'seen', result: 'not-offered' } as const, end: without };
    const { connections, versions } = await list({ has, from: 7, instead });
    assert.equal(connections, 7);
    assert.equal(versions.at(-1)?.unfinished, 'STARTTLS was not offered any more');
  });

  it('where the pace says stop', async () => {
    let count = 0;
    const { connections } = await list({ has }, () => {
      count += 1;
      return count > 5 ? 'stop' : 'go';
    });
    assert.equal(connections, 5);
  });

  it('of one that takes its time at every connection', async () => {
    const { connections, versions } = await list({ has, ms: 149_000 });
    assert.equal(connections, 5);
    assert.equal(versions.at(-1)?.unfinished, '5 connections took more than 30 seconds each');
  });

  it('after an hour, and after half a minute each the list is whole', async () => {
    const every = { 0x0301: many, 0x0302: many, 0x0303: many };
    const { connections, versions } = await list({ has: every, ms: 30_000 });
    assert.equal(connections, 121);
    assert.equal(versions.at(-1)?.unfinished, 'it has taken 60 minutes');
    const whole = await list({ has, ms: 30_000 });
    assert.ok(whole.versions.every(({ unfinished }) => unfinished === null));
  });

  it('as the order is asked for: the versions behind it are not missing without a word', async () => {
    const whole = await list({ has });
    for (let most = 1; most < whole.connections; most += 1) {
      let count = 0;
      const { versions } = await list({ has }, () => {
        count += 1;
        return count > most ? 'stop' : 'go';
      });
      const isThere = versions.some(({ version }) => version === 0x0304);
      assert.ok(isThere || versions.some(({ unfinished }) => unfinished !== null), `after ${most}`);
    }
  });

  const hung: VisitEnd = { kind: 'timeout', at: 'handshake', ms: 1_000 };

  it('of one that has hung twice', async () => {
    const instead = { seen: probeNotTested(hung), end: hung };
    const { connections, versions } = await list({ has, from: 6, instead });
    assert.equal(connections, 7);
    assert.equal(versions.at(-1)?.unfinished, 'the server did not answer in time');
  });

  it('of a version at which it hung nobody says that it is not there', async () => {
    const instead = { seen: probeNotTested(hung), end: hung };
    const { versions } = await list({ has, from: 1, instead });
    assert.deepEqual(versions, [
      { version: 0x0300, suites: [], ownOrder: null, unfinished: 'the server did not answer in time' },
    ]);
  });

  const closing = { seen: helloRefused(null), end: without };
  const known = { version: 0x0303, suite: 0xc02f };

  it('of one that closes without a word, at what it took before, too', async () => {
    const words = /^it closes the connection without a word at what it took before, too$/;
    for (const from of [1, 4, 8, 20]) {
      const { versions, connections } = await list({ has, known, from, instead: closing });
      assert.match(versions.at(-1)?.unfinished ?? '', words, String(from));
      assert.ok(connections <= from + 4, `${connections} from ${from} on`);
      // No version is missing without a word.
      const last = versions.at(-1)?.version ?? 0;
      assert.ok(versions.every(({ version, unfinished }) => version === last || unfinished === null));
    }
    const unknown = await list({ has, from: 1, instead: closing });
    assert.match(unknown.versions[0]?.unfinished ?? '', words);
  });

  it('octets that are no answer do not rule a version out', async () => {
    const seen = { kind: 'seen', result: 'broken', because: 'plaintext in place of TLS' } as const;
    const { versions } = await list({ has, from: 1, until: 1, instead: { seen, end: without } });
    assert.deepEqual(versions[0], {
      version: 0x0300,
      suites: [],
      ownOrder: null,
      unfinished: 'plaintext in place of TLS',
    });
    assert.deepEqual(
      versions.slice(1).map(({ version, unfinished }) => [version, unfinished]),
      [
        [0x0303, null],
        [0x0304, null],
      ],
    );
  });

  it('closes are refusals where what is known to be taken is answered between them', async () => {
    const told = await list({ has });
    const silent = await list({ has, known, alert: null });
    assert.deepEqual(silent.versions, told.versions);
    assert.ok(silent.connections <= told.connections + 12, `${silent.connections} ${told.connections}`);
  });

  it('one hang is no answer: the question is asked again', async () => {
    const whole = await list({ has });
    const instead = { seen: probeNotTested(hung), end: hung };
    for (const from of [1, 4, 6]) {
      const { versions, connections } = await list({ has, from, until: from, instead });
      assert.deepEqual(versions, whole.versions);
      assert.equal(connections, whole.connections + 1);
    }
  });
});
