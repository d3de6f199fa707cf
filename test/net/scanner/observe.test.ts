/** What an observer sees of servers that are as a test wants them, and that nothing they do keeps it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Endpoint } from '../../../src/findings/endpoint.ts';
import type { Observation, VisitEnd } from '../../../src/findings/observation.ts';
import { answersIn } from '../../../src/scanner/merged.ts';
import { openObserver } from '../../../src/scanner/observe.ts';
import type { Plan } from '../../../src/scanner/observe-door.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type Act, startScriptServer } from '../../support/script-server.ts';
import { withRsaKey } from '../net/chains.ts';
import { startToy, type Toy, type Ways } from './toy.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['toy.test'] });
const rsa = await withRsaKey('toy.test');

const plans = {
  quick: { depth: 'quick', intrusive: false, budget: 16 },
  standard: { depth: 'standard', intrusive: false, budget: 16 },
  deep: { depth: 'deep', intrusive: true, budget: 16 },
} as const satisfies Record<string, Omit<Plan, 'between'>>;

interface Looked {
  readonly seen: Observation;
  /** The ends that were told between two connections. */
  readonly told: readonly VisitEnd['kind'][];
}

async function look(
  t: TestContext,
  port: number,
  plan: Omit<Plan, 'between'>,
  {
    timeoutMs = 5_000,
    between = async () => 'go',
    ...endpoint
  }: { timeoutMs?: number; between?: Plan['between'] } & Partial<Endpoint> = {},
): Promise<Looked> {
  const observer = openObserver({
    helloName: 'probe.test',
    roots: [authority.certPem],
    timeoutMs,
    now: () => 1_800_000_000_000,
  });
  t.after(() => observer.close());
  const told: VisitEnd['kind'][] = [];
  const seen = await observer.observe(
    { address: '127.0.0.1', port, protocol: 'smtp', tls: 'starttls', serverName: 'toy.test', ...endpoint },
    {
      ...plan,
      between: (last) => {
        told.push(last.kind);
        return between(last);
      },
    },
  );
  return { seen, told };
}

async function toyAndLook(
  t: TestContext,
  ways: Ways | ((connection: number) => Ways),
  plan: Omit<Plan, 'between'>,
  how: Parameters<typeof look>[3] = {},
): Promise<Looked & { readonly toy: Toy }> {
  const toy = await startToy(t, ways);
  return { ...(await look(t, toy.port, plan, how)), toy };
}

it('a server that answers each time just before its time is up is not asked for all connections there are', async (t) => {
  const ways = { certificates: [certificate], greetsAfter: 700 };
  const { seen } = await toyAndLook(t, ways, plans.deep, { timeoutMs: 1_000 });
  assert.equal(seen.base.end.kind, 'complete');
  assert.ok(seen.connections >= 4 && seen.connections <= 5, `${seen.connections} connections`);
  const reasons = answersIn(seen.probes).map((probe) => ('because' in probe ? probe.because : ''));
  assert.ok(
    reasons.filter((because) => /^it has taken [34] s so far, and no more/.test(because)).length >= 4,
  );
});

describe('the first connection', () => {
  it('sees both sides of STARTTLS, what is said to a second one, and takes its leave inside TLS', async (t) => {
    const { seen, toy } = await toyAndLook(t, { certificates: [certificate] }, plans.standard);
    const { base } = seen;
    assert.deepEqual(toy.said[0], [
      'EHLO probe.test',
      'STARTTLS',
      'TLS',
      'EHLO probe.test',
      'STARTTLS',
      'QUIT',
    ]);
    assert.equal(seen.at, 1_800_000_000_000);
    assert.equal(base.connect.kind, 'connected');
    assert.deepEqual([base.greeting?.code, base.greeting?.lines], [220, ['toy.test ESMTP']]);
    assert.deepEqual([base.clear, base.inside], [['SIZE 1000', 'STARTTLS'], ['SIZE 1000']]);
    assert.equal(base.upgrade.kind, 'secured');
    assert.deepEqual(base.again, { code: 502, positive: false, text: '502 5.5.1 what?' });
    assert.deepEqual([base.tls?.version, base.tls?.path], ['TLSv1.3', { kind: 'trusted' }]);
    assert.deepEqual(base.end, { kind: 'complete' });
    assert.deepEqual(base.transcript.slice(0, 2), ['S: 220 toy.test ESMTP', 'C: EHLO probe.test']);
    assert.equal(base.transcript.at(-1), 'S: 221 2.0.0 bye');
  });

  it('asks nothing that a mail server would not, in a quick look', async (t) => {
    const { seen, toy, told } = await toyAndLook(t, { certificates: [certificate] }, plans.quick);
    assert.deepEqual(toy.said, [['EHLO probe.test', 'STARTTLS', 'TLS', 'EHLO probe.test', 'QUIT']]);
    assert.deepEqual([seen.connections, seen.probes, seen.base.again, told], [1, {}, null, []]);
  });

  it('goes on behind a certificate that nobody vouches for', async (t) => {
    const { seen } = await toyAndLook(t, { certificates: [rsa] }, plans.quick);
    assert.equal(seen.base.tls?.path.kind, 'untrusted');
    assert.deepEqual(seen.base.inside, ['SIZE 1000']);
  });

  it('sees a server that speaks TLS 1.0 with suites of its time', async (t) => {
    const tls = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'AES128-SHA:@SECLEVEL=0' } as const;
    const { seen } = await toyAndLook(t, { certificates: [rsa], tls }, plans.quick);
    assert.deepEqual(
      [seen.base.tls?.version, seen.base.tls?.cipher, seen.base.tls?.group],
      ['TLSv1', 'TLS_RSA_WITH_AES_128_CBC_SHA', null],
    );
  });

  it('comes by TLS at once where that is the way', async (t) => {
    const ways = { certificates: [certificate], implicit: true };
    const { seen } = await toyAndLook(t, ways, plans.quick, { protocol: 'submission', tls: 'implicit' });
    assert.deepEqual(
      [seen.base.upgrade.kind, seen.base.clear, seen.base.inside, seen.base.end.kind],
      ['implicit', null, ['SIZE 1000', 'STARTTLS'].slice(0, 1), 'complete'],
    );
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`a certificate of ours that is demanded is a handshake that failed, also where the no comes late (${version})`, async (t) => {
      const ways: Ways = {
        certificates: [certificate],
        clientCertificate: true,
        tls: { minVersion: version, maxVersion: version },
      };
      const { seen } = await toyAndLook(t, ways, plans.quick);
      const { upgrade, end } = seen.base;
      assert.ok(upgrade.kind === 'handshake-failed', JSON.stringify(upgrade));
      assert.equal(upgrade.alert, version === 'TLSv1.2' ? 'handshake failure' : 'certificate required');
      assert.deepEqual(end, { kind: 'without-tls' });
    });
  }

  it('plaintext behind the go-ahead is told, with what it was', async (t) => {
    const ways: Ways = { certificates: [certificate], afterGoAhead: '250 fine\r\n' };
    const { seen } = await toyAndLook(t, ways, plans.standard);
    const { upgrade } = seen.base;
    assert.ok(upgrade.kind === 'injected', JSON.stringify(upgrade));
    assert.equal(upgrade.text, '250 fine\\r\\n');
    assert.equal(seen.base.end.kind, 'broken');
  });
});

describe('the questions behind it', () => {
  it('take six connections at standard, in their order, and each takes its leave', async (t) => {
    const { seen, toy, told } = await toyAndLook(t, { certificates: [certificate, rsa] }, plans.standard);
    assert.equal(seen.connections, 6);
    assert.equal(toy.said.length, 6);
    assert.deepEqual(Object.keys(seen.probes), ['injection', 'hello', 'otherKey']);
    assert.deepEqual(told, ['complete', 'complete', 'without-tls', 'complete', 'without-tls']);
    for (const [at, lines] of toy.said.entries())
      assert.equal(lines.at(-1), at === 2 || at >= 4 ? 'STARTTLS' : 'QUIT', `${at + 1}: ${lines.join()}`);
    const { otherKey, injection, hello } = seen.probes;
    assert.ok(otherKey?.kind === 'seen' && otherKey.result === 'secured');
    assert.equal(otherKey.key, 'rsa');
    assert.notDeepEqual(otherKey.tls.chain, seen.base.tls?.chain);
    assert.deepEqual(hello?.old, { kind: 'seen', result: 'refused', alert: 70 });
    const { weakFirst } = hello ?? {};
    assert.ok(weakFirst?.kind === 'seen' && weakFirst.result === 'agreed', JSON.stringify(weakFirst));
    const { version, chain, extendedMasterSecret, renegotiationInfo } = weakFirst.session;
    assert.deepEqual([version, extendedMasterSecret, renegotiationInfo], [0x0303, true, true]);
    assert.equal(chain.length > 0, true);
    assert.ok(hello?.bestFirst?.kind === 'seen' && hello.bestFirst.result === 'agreed');
    assert.equal(hello.bestFirst.session.version, 0x0303);
    assert.ok(injection?.kind === 'seen' && injection.answered === 'never');
  });

  it('what is known is not asked again: of a server with nothing but strong suites of TLS 1.2', async (t) => {
    const ways = { certificates: [certificate], tls: { ciphers: 'ECDHE+AESGCM' } };
    const { seen } = await toyAndLook(t, ways, plans.standard);
    assert.deepEqual(Object.keys(seen.probes), ['injection', 'hello', 'otherKey']);
    assert.deepEqual(Object.keys(seen.probes.hello ?? {}), ['weakFirst', 'old', 'retry']);
    const { retry } = seen.probes.hello ?? {};
    assert.deepEqual(retry, { kind: 'seen', result: 'retry', group: 0x11ec, suite: 0x1301 });
    assert.equal(seen.connections, 6);
  });

  it('of a server with TLS 1.3 only: older versions are ruled out by its alert, and a nameless client is asked about', async (t) => {
    const ways = { certificates: [certificate], tls: { minVersion: 'TLSv1.3' } } as const;
    const { seen } = await toyAndLook(t, ways, plans.standard);
    assert.deepEqual(seen.probes.hello?.weakFirst, { kind: 'seen', result: 'refused', alert: 70 });
    const { noServerName } = seen.probes;
    assert.ok(noServerName?.kind === 'seen' && noServerName.result === 'secured');
    assert.equal(noServerName.tls.serverName, null);
    assert.deepEqual(Object.keys(seen.probes), ['injection', 'hello', 'otherKey', 'noServerName']);
    assert.deepEqual(Object.keys(seen.probes.hello ?? {}), ['weakFirst', 'weakNamed']);
  });

  it('every suite is listed beside the budget, and only where that is wanted', async (t) => {
    const ways = {
      certificates: [certificate],
      tls: { ciphers: 'ECDHE+AESGCM:AES128-SHA', minVersion: 'TLSv1.2', honorCipherOrder: true },
    } as const;
    const { seen, toy } = await toyAndLook(t, ways, { ...plans.standard, everySuite: () => true });
    const { suites } = seen.probes.hello ?? {};
    assert.ok(suites !== undefined && seen.connections <= 6);
    assert.equal(toy.said.length, seen.connections + suites.connections);
    const [tls12, tls13, ...others] = suites.versions;
    assert.deepEqual([tls12?.version, tls13?.version, others], [0x0303, 0x0304, []]);
    // The certificate is one of ECDSA: what needs a key of RSA is not there.
    assert.deepEqual(
      tls12?.suites.toSorted((a, b) => a - b),
      [0xc02b, 0xc02c],
    );
    assert.ok(tls13?.suites.includes(0x1301));
    assert.equal((await toyAndLook(t, ways, plans.standard)).seen.probes.hello?.suites, undefined);
    const quick = await toyAndLook(t, ways, { ...plans.quick, everySuite: () => true });
    assert.deepEqual([quick.seen.connections, quick.seen.probes], [1, {}]);
  });

  it('plaintext in front of a hello of our own is told as in front of any other', async (t) => {
    const ways = (connection: number): Ways => ({
      certificates: [certificate],
      ...(connection === 3 ? { afterGoAhead: '250 fine\r\n' } : {}),
    });
    const { seen } = await toyAndLook(t, ways, plans.standard);
    const { weakFirst } = seen.probes.hello ?? {};
    assert.ok(weakFirst?.kind === 'not-tested', JSON.stringify(weakFirst));
    assert.match(weakFirst.because, /sent plaintext between the go-ahead and the handshake: 250 fine/);
  });

  it('deep and with consent: at most sixteen, and all answered', async (t) => {
    const { seen } = await toyAndLook(t, { certificates: [certificate] }, plans.deep);
    assert.equal(seen.connections, 16);
    const { otherHello, state, alpn, intrusive } = seen.probes;
    assert.deepEqual(otherHello, {
      kind: 'seen',
      helloName: '[127.0.0.1]',
      clear: ['SIZE 1000', 'STARTTLS'],
    });
    assert.ok(state?.kind === 'seen' && !state.kept);
    assert.deepEqual(alpn, { kind: 'seen', offered: 'http/1.1', agreed: null });
    const { ssl3, older, sha1 } = seen.probes.hello ?? {};
    for (const one of [ssl3, older, sha1]) assert.equal(one?.kind, 'seen');
    assert.deepEqual([intrusive?.vrfy?.code, intrusive?.expn?.code, intrusive?.relay?.code], [502, 502, 554]);
    assert.equal(seen.base.smtp?.mailInClear?.code, 250);
  });

  it('without consent no MAIL is said, whatever the depth', async (t) => {
    const { toy, seen } = await toyAndLook(
      t,
      { certificates: [certificate] },
      { ...plans.deep, intrusive: false },
    );
    assert.ok(!toy.said.flat().some((line) => /^(?:MAIL|RCPT|VRFY|EXPN)/.test(line)));
    assert.deepEqual(
      [seen.connections, seen.probes.state, seen.probes.intrusive],
      [16, undefined, undefined],
    );
  });

  it('RFC 3207 §4.2: a command that is taken from clear into TLS convicts, and one that is not acquits', async (t) => {
    const weak = await toyAndLook(t, { certificates: [certificate], keepsUnread: true }, plans.standard);
    const { injection } = weak.seen.probes;
    assert.ok(injection?.kind === 'seen' && injection.answered === 'inside', JSON.stringify(injection));
    assert.ok(injection.transcript.includes('C: NOOP'));
    const sound = await toyAndLook(t, { certificates: [certificate] }, plans.standard);
    assert.ok(sound.seen.probes.injection?.kind === 'seen');
    assert.equal(sound.seen.probes.injection.answered, 'never');
  });

  it('RFC 3207 §4.2: a transaction that lives through the handshake convicts', async (t) => {
    const { seen } = await toyAndLook(t, { certificates: [certificate], keepsTransaction: true }, plans.deep);
    const { state } = seen.probes;
    assert.ok(state?.kind === 'seen' && state.kept, JSON.stringify(state));
    assert.equal(state.what, 'the transaction that MAIL had begun in clear');
  });

  it('STARTTLS that is kept from some names is seen by another name', async (t) => {
    const ways = { certificates: [certificate], onlyFor: 'probe.test' };
    const { seen } = await toyAndLook(t, ways, plans.deep);
    assert.equal(seen.base.upgrade.kind, 'secured');
    assert.ok(seen.probes.otherHello?.kind === 'seen');
    assert.deepEqual(seen.probes.otherHello.clear, ['SIZE 1000']);
  });

  it('a server that hangs at a large hello is asked with small ones, and with one other that tells that it was the size', async (t) => {
    const ways = { certificates: [certificate], largestHello: 1_000 };
    const { seen } = await toyAndLook(t, ways, plans.standard, { timeoutMs: 400 });
    assert.deepEqual({ ...seen.base.end, ms: 0 }, { kind: 'timeout', at: 'handshake', ms: 0 });
    const { upToTls12, injection, hello } = seen.probes;
    assert.ok(upToTls12?.kind === 'seen' && upToTls12.result === 'secured', JSON.stringify(upToTls12));
    assert.ok(hello?.retry?.kind === 'seen' && hello.retry.result === 'retry', JSON.stringify(hello?.retry));
    assert.ok(hello.large?.kind === 'not-tested' && hello.large.end.kind === 'timeout');
    assert.deepEqual([injection?.kind, hello.old?.kind, seen.connections], ['not-tested', 'not-tested', 5]);
  });

  it('whoever does not offer STARTTLS is asked no more than that', async (t) => {
    const { seen } = await toyAndLook(t, { onlyFor: 'nobody.test' }, plans.standard);
    assert.deepEqual([seen.base.upgrade.kind, seen.connections, seen.probes], ['not-offered', 1, {}]);
  });
});

describe('RFC 8446 §6.2: a close without a word', () => {
  const smtps = { protocol: 'submission', tls: 'implicit' } as const;
  const closing = (closes: (connection: number) => boolean) => (connection: number) => ({
    certificates: [certificate],
    implicit: true,
    closesAtOnce: closes(connection),
  });

  it('of a door that has had enough of us is no answer to anything, and soon nothing more is asked', async (t) => {
    for (const free of [1, 2, 3]) {
      const { seen } = await toyAndLook(
        t,
        closing((connection) => connection > free),
        plans.deep,
        smtps,
      );
      assert.ok(seen.connections <= free + 5, `${seen.connections} connections, ${free} of them free`);
      const closed = answersIn(seen.probes).filter((probe) => probe.kind === 'not-tested');
      assert.ok(closed.length >= 3, JSON.stringify(seen.probes));
      for (const { because } of closed)
        assert.equal(because, 'it closed the connection without a word, and answered nothing after that');
      assert.ok(!JSON.stringify(seen.probes).includes('"alert":null'));
    }
  });

  it('of a server that answers what is asked next is a no', async (t) => {
    const { seen } = await toyAndLook(
      t,
      closing((connection) => connection === 2),
      plans.standard,
      smtps,
    );
    assert.deepEqual(seen.probes.hello?.weakFirst, { kind: 'seen', result: 'refused', alert: null });
    assert.deepEqual(seen.probes.hello?.old, { kind: 'seen', result: 'refused', alert: 70 });
  });

  it('a list of all suites says that it is not whole', async (t) => {
    const { seen } = await toyAndLook(
      t,
      closing((connection) => connection > 9),
      { ...plans.standard, everySuite: () => true },
      smtps,
    );
    const { versions, connections } = seen.probes.hello?.suites ?? assert.fail();
    assert.ok(versions.some(({ unfinished }) => unfinished !== null));
    assert.ok(connections <= 9);
  });
});

describe('politeness', () => {
  it('who is sent away at first does not come again, and nobody is asked about it', async (t) => {
    const answer = (): string => '421 4.7.0 too many connections\r\n';
    const { seen, told } = await toyAndLook(t, { certificates: [certificate], answer }, plans.standard);
    assert.deepEqual([seen.connections, told], [1, []]);
    assert.equal(seen.base.end.kind, 'throttled');
    const { injection, hello, otherKey } = seen.probes;
    for (const probe of [injection, hello?.old, otherKey]) {
      assert.equal(probe?.kind, 'not-tested');
      assert.match(
        probe?.kind === 'not-tested' ? probe.because : '',
        /sent us away for now: 421 4\.7\.0 too many/,
      );
    }
  });

  it('who is sent away later stops there, and what was not asked says why', async (t) => {
    const ways = (connection: number): Ways => ({
      certificates: [certificate],
      ...(connection < 3 ? {} : { answer: () => '421 4.7.0 too often\r\n' }),
    });
    const { seen, told } = await toyAndLook(t, ways, plans.standard, {
      between: async ({ kind }) => (kind === 'throttled' ? 'stop' : 'go'),
    });
    assert.deepEqual([seen.connections, told], [3, ['complete', 'complete', 'throttled']]);
    assert.equal(seen.probes.injection?.kind, 'seen');
    const { otherKey, hello, upToTls12 } = seen.probes;
    for (const probe of [otherKey, hello?.weakFirst, hello?.old, upToTls12])
      assert.equal(probe?.kind, 'not-tested');
  });

  it('who hangs at one question is asked the next, and who hangs at two is left alone', async (t) => {
    const hangs = (connection: number): Ways => ({
      certificates: [certificate],
      ...(connection === 2 || connection === 4 ? { answer: () => null } : {}),
    });
    const { seen, told } = await toyAndLook(t, hangs, plans.standard, { timeoutMs: 300 });
    assert.deepEqual([seen.connections, told], [4, ['complete', 'timeout', 'without-tls']]);
    const { injection, otherKey, hello } = seen.probes;
    assert.deepEqual(
      [injection?.kind, hello?.weakFirst?.kind, otherKey?.kind, hello?.old?.kind, hello?.bestFirst?.kind],
      ['not-tested', 'seen', 'not-tested', 'not-tested', 'not-tested'],
    );
    const { old } = hello ?? {};
    assert.match(old?.kind === 'not-tested' ? old.because : '', /^it was not done after \d+ s: /);
  });

  it('the budget is never gone beyond', async (t) => {
    const { seen, toy } = await toyAndLook(t, { certificates: [certificate] }, { ...plans.deep, budget: 3 });
    assert.deepEqual([seen.connections, toy.said.length], [3, 3]);
    const { old } = seen.probes.hello ?? {};
    assert.ok(old?.kind === 'not-tested');
    assert.equal(old.because, '3 connections are all that there may be');
  });
});

describe('whatever a server does, a visit ends in its time, with what was seen', () => {
  const hello: readonly Act[] = [{ say: '220 toy.test\r\n' }, { hear: /EHLO .*\r\n/ }];
  const startTls: readonly Act[] = [
    ...hello,
    { say: '250-toy.test\r\n250 STARTTLS\r\n' },
    { hear: /STARTTLS\r\n/ },
    { say: '220 go\r\n' },
  ];
  const endless = Array.from({ length: 2_000 }, (_, at) => `250-LINE${at}\r\n`).join('');
  const cases: readonly [name: string, script: readonly Act[], end: string][] = [
    ['says nothing', [], 'timeout at greeting'],
    ['drips a greeting', ['drip'], 'timeout at greeting'],
    ['sends an endless line', ['flood'], 'broken at greeting'],
    ['greets like another protocol', [{ say: 'SSH-2.0-OpenSSH_9.2\r\n' }], 'broken at greeting'],
    ['greets with a bare LF', [{ say: '220 toy.test\n' }], 'broken at greeting'],
    ['closes at once', ['close'], 'closed at greeting'],
    ['says nothing to EHLO', hello, 'timeout at hello'],
    ['drips an answer to EHLO', [...hello, 'drip'], 'timeout at hello'],
    ['never ends its answer to EHLO', [...hello, { say: endless }], 'broken at hello'],
    ['closes at EHLO', [...hello, 'close'], 'closed at hello'],
    ['says nothing to the hello of TLS', startTls, 'timeout at handshake'],
    ['closes at the hello of TLS', [...startTls, { take: 100 }, 'close'], 'without-tls'],
    ['says nothing inside TLS', [...startTls, 'handshake'], 'timeout at inside'],
    ['drips inside TLS', [...startTls, 'handshake', { hear: /EHLO/ }, 'drip'], 'timeout at inside'],
    ['floods inside TLS', [...startTls, 'handshake', 'flood'], 'broken at inside'],
  ];
  for (const [name, script, end] of cases) {
    it(`one that ${name}: ${end}`, async (t) => {
      const { port } = await startScriptServer(t, certificate, script);
      const began = performance.now();
      const { seen } = await look(t, port, plans.standard, { timeoutMs: 600 });
      const took = performance.now() - began;
      const { kind } = seen.base.end;
      assert.equal('at' in seen.base.end ? `${kind} at ${seen.base.end.at}` : kind, end);
      // A small hello of a second connection is tried where the large one was not answered.
      assert.ok(took < 2_500, `it took ${took} ms`);
      assert.ok(JSON.stringify(seen.base.transcript).length < 80_000);
      if (end.includes('inside')) assert.equal(seen.base.tls?.version, 'TLSv1.3');
      if (end.includes('handshake')) assert.deepEqual(seen.base.clear, ['STARTTLS']);
    });
  }

  it('one that is not there', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const bound = server.address();
    const port = bound !== null && typeof bound !== 'string' ? bound.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const { seen } = await look(t, port, plans.standard);
    assert.ok(seen.base.connect.kind === 'failed');
    assert.deepEqual([seen.base.connect.how, seen.base.end.kind], ['refused', 'not-connected']);
    assert.match(seen.base.connect.because, /^connect ECONNREFUSED/);
    assert.equal(seen.probes.injection?.kind, 'not-tested');
  });

  it('a greeting that is late on purpose is waited for', async (t) => {
    const { seen } = await toyAndLook(t, { certificates: [certificate], greetsAfter: 700 }, plans.quick);
    assert.equal(seen.base.end.kind, 'complete');
    assert.ok((seen.base.greeting?.ms ?? 0) >= 650);
  });

  it('an observer that is closed breaks off what is under way', async (t) => {
    const { port } = await startScriptServer(t, certificate, []);
    const observer = openObserver({
      helloName: 'probe.test',
      roots: [],
      timeoutMs: 60_000,
      now: Date.now,
    });
    const looking = observer.observe(
      { address: '127.0.0.1', port, protocol: 'smtp', tls: 'starttls', serverName: null },
      { ...plans.quick, between: async () => 'go' },
    );
    setTimeout(() => observer.close(), 100);
    assert.equal((await looking).base.end.kind, 'broken');
  });
});
