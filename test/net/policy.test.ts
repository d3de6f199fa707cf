/** The doors of `waxwing/policy`: what it takes, what it asks, keeps and closes; handshakes of real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect, createServer, TLSSocket } from 'node:tls';
import { root, showName } from '../../src/dns/name.ts';
import { types } from '../../src/dns/record.ts';
import { NetworkError } from '../../src/net/error.ts';
import {
  decide,
  type HostPolicy,
  judgeTls,
  type LookupOptions,
  lookupPolicy,
  openLookups,
  type PolicyFacts,
} from '../../src/policy.ts';
import { DataFolderError } from '../../src/store/data-folder.ts';
import { createAuthority } from '../support/certificates.ts';
import { byMx, factsOf, hostWith, stsOf } from '../support/destinations.ts';
import { rdataOf } from '../support/dns/rdata-text.ts';
import {
  record,
  type Script,
  type ScriptedServer,
  says,
  soa,
  startScriptedServer,
} from '../support/dns/server.ts';

const zone: ReadonlyMap<string, readonly [number, readonly string[]]> = new Map([
  [`example.test. ${types.MX}`, [types.MX, ['10', 'mx.example.test.']]],
  [`mx.example.test. ${types.A}`, [types.A, ['192.0.2.1']]],
  [`_mta-sts.example.test. ${types.TXT}`, [types.TXT, ['v=STSv1; id=1;']]],
  [`mta-sts.example.test. ${types.A}`, [types.A, ['127.0.0.1']]],
]);

/** Knows nothing of DNSSEC. */
const unsigned: Script = (query) => {
  const { name, type } = query.question;
  const entry = zone.get(`${showName(name)}. ${type}`) ?? zone.get(`${showName(name)} ${type}`);
  if (entry === undefined) return says(query, { authority: [soa('test')] });
  return says(query, { answers: [record(name, entry[0], rdataOf(entry[0], entry[1], root))] });
};

async function setting(
  t: TestContext,
  script: Script = unsigned,
): Promise<{ server: ScriptedServer; options: LookupOptions }> {
  const server = await startScriptedServer(t, script);
  return { server, options: { resolver: `127.0.0.1:${server.port}`, timeoutMs: 1_000 } };
}

describe('lookupPolicy and openLookups', () => {
  it('what was learnt is kept, and not asked again; one that serves once keeps nothing', async (t) => {
    const { server, options } = await setting(t);
    const lookups = await openLookups(options);
    t.after(lookups.close);
    const facts = await lookupPolicy('Example.TEST.', lookups);
    assert.equal(facts.domain, 'example.test');
    assert.ok(facts.goodUntil > facts.learntAt);
    const decision = decide(facts);
    assert.ok(decision.kind === 'deliver', decision.because);
    assert.deepEqual(
      decision.hosts.map(({ host, addresses, requires }) => [host, addresses, requires]),
      [['mx.example.test', ['192.0.2.1'], 'none']],
    );
    const asked = server.received.length;
    await lookupPolicy('example.test', lookups);
    assert.equal(server.received.length, asked);
    await lookupPolicy('example.test', options);
    assert.ok(server.received.length > asked);
  });

  it('a policy host with an address of this network is not called', async (t) => {
    const { options } = await setting(t);
    const { found } = await lookupPolicy('example.test', options);
    assert.match(found.sts.because, /only addresses that are not public, which are refused: 127\.0\.0\.1/);
  });

  it('says that nothing can be proven; what goes on in clear then, or waits, is for the program to say', async (t) => {
    const { options } = await setting(t);
    const notices: string[] = [];
    const onNotice = (sentence: string): void => void notices.push(sentence);
    assert.equal(decide(await lookupPolicy('example.test', { ...options, onNotice })).kind, 'deliver');
    assert.match(notices.join('\n'), /^answers of the DNS cannot be proven: 127\.0\.0\.1:\d+ .*$/);
    const refused = await lookupPolicy('example.test', { ...options, whenUnprovable: 'refuse' });
    assert.deepEqual([decide(refused).kind, refused.goodUntil], ['defer', refused.learntAt]);
  });

  it('a resolver that is silent is no error: mail waits', async (t) => {
    const { options } = await setting(t, () => []);
    const decision = decide(await lookupPolicy('example.test', { ...options, timeoutMs: 100 }));
    assert.equal(decision.kind, 'defer');
    assert.match(decision.because, /^the MX records of example\.test cannot be learnt/);
  });

  it('closed, it looks nothing up any more, and what is under way rejects', async (t) => {
    const { options } = await setting(t, () => []);
    const lookups = await openLookups(options);
    const under = assert.rejects(lookupPolicy('example.test', lookups), NetworkError);
    await lookups.close();
    await under;
    await assert.rejects(lookupPolicy('example.test', lookups), NetworkError);
    await assert.rejects(
      lookupPolicy('example.test', { close: () => Promise.resolve() }),
      /^TypeError: these are no look-ups of openLookups$/,
    );
  });

  it('a folder is made, and is for one process', async (t) => {
    const { options } = await setting(t);
    const above = await mkdtemp(join(tmpdir(), 'waxwing-policy-'));
    t.after(() => rm(above, { recursive: true }));
    const folder = join(above, 'policies');
    const lookups = await openLookups({ ...options, folder });
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    await assert.rejects(openLookups({ ...options, folder }), DataFolderError);
    await lookups.close();
    await (await openLookups({ ...options, folder })).close();
  });

  const wrong: readonly [LookupOptions, RegExp][] = [
    [JSON.parse('{ "resolvers": [] }'), /^TypeError: "resolvers" is no option of look-ups$/],
    [{ resolver: 'dns.example' }, /^TypeError: resolver: "dns\.example" is no resolver/],
    [{ resolver: ['192.0.2.53', '192.0.2.53:0'] }, /^TypeError: resolver: /],
    [{ trustAnchors: '. IN DS 1 8' }, /^TypeError: trustAnchors: line 1: /],
    [{ trustAnchors: '' }, /^TypeError: trustAnchors: there is no DS or DNSKEY record/],
    [{ ca: 'no certificate' }, /^TypeError: ca: there is no certificate in PEM$/],
    [{ timeoutMs: 0 }, /^TypeError: timeoutMs: has to be above 0$/],
    [{ fetchTimeoutMs: Number.NaN }, /^TypeError: fetchTimeoutMs: has to be above 0$/],
    [JSON.parse('{ "whenUnprovable": "ignore" }'), /^TypeError: whenUnprovable: has to be use or refuse$/],
  ];
  for (const [options, error] of wrong) {
    it(`takes no ${JSON.stringify(options)}`, async () => {
      await assert.rejects(openLookups(options), error);
    });
  }

  it('takes no text that is no domain', async () => {
    for (const domain of ['', 'a..b', '192.0.2.1', 'user@example.test', 'x'.repeat(300)])
      await assert.rejects(lookupPolicy(domain, { resolver: '127.0.0.1:9' }), TypeError);
    await assert.rejects(
      lookupPolicy(JSON.parse('null')),
      /^TypeError: the domain has to be given, as text$/,
    );
  });
});

function known(change: Parameters<typeof factsOf>[0]): PolicyFacts {
  return { domain: 'example.test', learntAt: 0, goodUntil: 0, found: factsOf(change) };
}

describe('decide', () => {
  it('takes no rule that it does not know, and no level that is none', () => {
    const facts = known({});
    assert.throws(
      () => decide(facts, JSON.parse('{ "tls": "off" }')),
      /^TypeError: "tls" is no rule of decide$/,
    );
    assert.throws(
      () => decide(facts, JSON.parse('{ "level": "none" }')),
      /^TypeError: "none" is none of off, may, encrypt, authenticate$/,
    );
    assert.throws(
      () => decide(facts, JSON.parse('{ "override": { "level": "dane", "reason": "x" } }')),
      /^TypeError: "dane" is none of/,
    );
    for (const override of ['null', '"may"', '{ "levle": "encrypt" }', '{ "level": null }'])
      assert.throws(() => decide(facts, JSON.parse(`{ "override": ${override} }`)), TypeError, override);
  });
});

describe('judgeTls of a socket', () => {
  const MX = 'mx1.example.test';

  async function handshake(t: TestContext, names: readonly string[], trusted: boolean): Promise<TLSSocket> {
    const authority = await createAuthority();
    const { certPem, keyPem } = await authority.issue({ names: [...names] });
    const server = createServer({ cert: certPem, key: keyPem }, (one) => one.on('error', () => undefined));
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it has no port');
    const socket = connect({
      port: address.port,
      host: '127.0.0.1',
      servername: MX,
      rejectUnauthorized: false,
      ...(trusted ? { ca: authority.certPem } : {}),
    });
    t.after(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  function enforced(): HostPolicy {
    const decision = decide(
      known({ way: byMx('insecure', MX), hosts: [hostWith(MX, 'absent')], sts: stsOf('enforce', MX) }),
    );
    const [host] = decision.kind === 'deliver' ? decision.hosts : [];
    return host ?? assert.fail(decision.because);
  }

  it('reads its certificates by itself', async (t) => {
    const good = judgeTls(enforced(), await handshake(t, [MX], true));
    assert.deepEqual(good.kind === 'acceptable' && [good.outcome, good.peerName], ['authenticated', MX]);
  });

  it('has nothing to read before the handshake is over, and after the end', async (t) => {
    const none = /^TypeError: the socket has no finished handshake, or is destroyed$/;
    assert.throws(() => judgeTls(enforced(), new TLSSocket(new Socket())), none);
    const socket = await handshake(t, [MX], true);
    socket.destroy();
    await once(socket, 'close');
    assert.throws(() => judgeTls(enforced(), socket), none);
  });

  it('another name, or an authority that is not trusted: unacceptable', async (t) => {
    const other = judgeTls(enforced(), await handshake(t, ['other.test'], true));
    assert.equal(other.kind === 'unacceptable' && other.reason, 'certificate-host-mismatch', other.because);
    const stranger = judgeTls(enforced(), await handshake(t, [MX], false));
    assert.equal(
      stranger.kind === 'unacceptable' && stranger.reason,
      'certificate-not-trusted',
      stranger.because,
    );
  });
});
