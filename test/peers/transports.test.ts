/** Every way to a resolver, with unbound at its end: UDP with cookies, TCP, TLS, HTTPS; and ten thousand questions at once. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, it, type TestContext } from 'node:test';
import { ianaAnchors } from '../../src/dns/anchors.ts';
import { types } from '../../src/dns/record.ts';
import { openResolver, type Resolver } from '../../src/net/dns/resolver.ts';
import { parseUpstream } from '../../src/net/dns/upstream.ts';
import { asking, shown } from '../net/net/dns/asking.ts';
import { createAuthority } from '../support/certificates.ts';
import { question } from '../support/dns/server.ts';
import { rootsOf } from './support/peer.ts';
import { freePort } from './support/ports.ts';
import { type Server, startServer } from './support/server.ts';

const ADDRESS = '127.0.0.1';
const authority = await createAuthority();

interface Unbound {
  readonly server: Server;
  readonly plain: number;
  readonly tls: number;
  readonly https: number;
}

let running: Promise<Unbound | string> | undefined;

after(async () => {
  const unbound = await running?.catch(() => '');
  if (typeof unbound === 'object') await unbound.server.sandbox.close();
});

/** A test with the file's unbound, which knows `far.test`, and of it alone. */
function unboundTest(name: string, work: (unbound: Unbound, t: TestContext) => Promise<void>): void {
  it(name, async (t) => {
    running ??= start();
    const unbound = await running;
    if (typeof unbound !== 'string') return work(unbound, t);
    if (process.env['PEERS_REQUIRED'] === '1') throw new Error(unbound);
    t.skip(unbound);
  });
}

async function start(): Promise<Unbound | string> {
  const had = await rootsOf(['unbound']);
  if (had.kind === 'unavailable') return had.because;
  const [plain, tls, https] = [await freePort(ADDRESS), await freePort(ADDRESS), await freePort(ADDRESS)];
  const { certPem, keyPem } = await authority.issue({ names: ['dns.example'] });
  const server = await startServer(had.roots.unbound, {
    name: 'unbound',
    launch: 'exec unbound -d -c /peer/unbound.conf',
    address: ADDRESS,
    port: plain,
    logs: ['/peer/log'],
    files: {
      '/peer/unbound.conf': configuration(plain, tls, https),
      '/peer/cert.pem': certPem,
      '/peer/key.pem': keyPem,
    },
  });
  return { server, plain, tls, https };
}

/** TXT of 300 records: 6,000 octets. */
const LONG = 300;

function configuration(plain: number, tls: number, https: number): string {
  const long = Array.from({ length: LONG }, (_, index) => ` local-data: "long.test. TXT number-${index}"`);
  return [
    'server:',
    ' use-syslog: no',
    ' logfile: /peer/log',
    ' username: ""',
    ' chroot: ""',
    ' directory: /peer',
    ' pidfile: ""',
    ' num-threads: 1',
    ...[plain, tls, https].map((port) => ` interface: ${ADDRESS}@${port}`),
    ` tls-port: ${tls}`,
    ` https-port: ${https}`,
    ' tls-service-key: /peer/key.pem',
    ' tls-service-pem: /peer/cert.pem',
    ' http-endpoint: /dns-query',
    ' answer-cookie: yes',
    ' access-control: 127.0.0.0/8 allow',
    ' local-zone: "test." static',
    ' local-zone: "far.test." redirect',
    ' local-data: "far.test. A 192.0.2.1"',
    ...long,
    '',
  ].join('\n');
}

const FAR = question('mail.far.test', types.A);

function upstream(text: string): Parameters<typeof asking>[1] {
  const parsed = parseUpstream(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function resolverAt(t: TestContext, port: number): Resolver {
  const resolver = openResolver({
    upstreams: [upstream(`${ADDRESS}:${port}`)],
    dnssec: 'off',
    whenUnprovable: 'use',
    anchors: ianaAnchors,
    sha1: true,
    now: Date.now,
    random: randomBytes,
    timeoutMs: 10_000,
    onNotice: () => undefined,
  });
  t.after(() => resolver.close());
  return resolver;
}

describe('unbound answers', () => {
  unboundTest('by UDP, keeps the case, and gives its cookie (RFC 9018)', async ({ plain }, t) => {
    const { ask, client } = asking(t, upstream(`${ADDRESS}:${plain}`));
    for (let times = 0; times < 20; times += 1) assert.equal(shown(await ask(FAR)), 'UDP 192.0.2.1');
    assert.equal(client.habits.cookies.offered.length, 8 + 16);
    assert.equal(client.habits.keepsCase, true);
    assert.equal(client.habits.edns, true);
  });

  unboundTest('by TCP what is too long for UDP', async ({ plain }, t) => {
    const { ask } = asking(t, upstream(`${ADDRESS}:${plain}`));
    const exchanged = await ask(question('long.test', types.TXT));
    assert.equal(exchanged.kind === 'message' && exchanged.message.answers.length, LONG);
    assert.equal(exchanged.kind === 'message' && exchanged.way, 'TCP');
  });

  unboundTest('inside TLS, many on one connection (RFC 7858)', async ({ tls }, t) => {
    const { ask } = asking(t, upstream(`tls://${ADDRESS}:${tls}#dns.example`), [authority.certPem]);
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => ask(FAR)));
    assert.deepEqual(new Set(outcomes.map(shown)), new Set(['TLS 192.0.2.1']));
  });

  unboundTest('by HTTPS (RFC 8484)', async ({ https }, t) => {
    const { ask } = asking(t, upstream(`https://dns.example:${https}/dns-query@${ADDRESS}`), [
      authority.certPem,
    ]);
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => ask(FAR)));
    assert.deepEqual(new Set(outcomes.map(shown)), new Set(['HTTPS 192.0.2.1']));
    const long = await ask(question('long.test', types.TXT));
    assert.equal(long.kind === 'message' && long.message.answers.length, LONG);
    const absent = await ask(question('none.test', types.A));
    assert.equal(absent.kind === 'message' && absent.message.rcode, 3);
  });

  unboundTest('nothing behind another certificate', async ({ tls, https }, t) => {
    for (const text of [
      `tls://${ADDRESS}:${tls}#other.example`,
      `https://other.example:${https}/dns-query@${ADDRESS}`,
    ]) {
      const { ask } = asking(t, upstream(text), [authority.certPem]);
      assert.match(shown(await ask(FAR)), /certificate is not for other\.example: it names dns\.example/);
    }
  });

  unboundTest('ten thousand questions at once: none is lost', async ({ plain }, t) => {
    const resolver = resolverAt(t, plain);
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => resolver.lookUp(question(`n${index}.far.test`, types.A))),
    );
    const lost = answers.filter(({ kind }) => kind !== 'found').map(({ because }) => because);
    assert.deepEqual(lost, []);
  });
});
