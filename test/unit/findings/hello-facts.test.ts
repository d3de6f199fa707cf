import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  agreedTo,
  brokenKinds,
  codeOfSession,
  isBrokenOffByServer,
  isNameNeeded,
  isNewOnly,
  isOfOtherVersions,
  isRefused,
  isStrongAnyway,
  isStrongSuite,
  isTlsSpoken,
  lowestVersion,
  oldSessions,
  orderOf,
  saysNewOnly,
  sessionsOf,
  wantedGroup,
  weakestOf,
} from '../../../src/findings/hello-facts.ts';
import type { HelloProbes } from '../../../src/findings/hello-seen.ts';
import type { Probes } from '../../../src/findings/observation.ts';
import {
  agreed,
  handshakeRefused,
  handshakeUnfit,
  helloRefused,
  probeNotTested,
  secured,
  tlsSeen,
} from '../../support/observations.ts';

const tls13 = { tls: tlsSeen() };
const tls12 = { tls: tlsSeen({ version: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' }) };
const kindsOf = (hello: HelloProbes): readonly string[] =>
  brokenKinds(tls13, { hello }).map(({ kind, taken }) => `${kind}${taken === null ? '' : ' taken'}`);

describe('one answer', () => {
  it('a session, a refusal, and one for the versions', () => {
    assert.equal(agreedTo(agreed({ suite: 5 }))?.suite, 5);
    for (const other of [undefined, helloRefused(), probeNotTested()])
      assert.equal(agreedTo(other), undefined);
    assert.deepEqual([helloRefused(), helloRefused(null), agreed(), undefined].map(isRefused), [
      true,
      true,
      false,
      false,
    ]);
    assert.deepEqual([helloRefused(70), helloRefused(40), helloRefused(null)].map(isOfOtherVersions), [
      true,
      false,
      false,
    ]);
  });

  it('RFC 9325 §4.2: what is strong', () => {
    for (const code of [0xc02f, 0xc02b, 0xcca8, 0x009e, 0x1301]) assert.ok(isStrongSuite(code), String(code));
    // CBC, RSA without forward secrecy, CCM_8, anonymous, unknown, none.
    for (const code of [0xc013, 0x009c, 0xc0ae, 0x00a6, 0xfefd, undefined])
      assert.ok(!isStrongSuite(code), String(code));
  });

  it('the suite of a session by its name, below TLS 1.3', () => {
    assert.equal(codeOfSession(tls12.tls), 0xc02f);
    assert.equal(codeOfSession(tls13.tls), undefined);
    assert.equal(codeOfSession(tlsSeen({ version: 'TLSv1.2', cipher: '__proto__' })), undefined);
    assert.equal(codeOfSession(null), undefined);
  });
});

describe('all answers', () => {
  it('sessions, those below TLS 1.2 the newest first', () => {
    const hello = {
      ssl3: agreed({ version: 0x0300 }),
      older: agreed({ version: 0x0301 }),
      old: agreed({ version: 0x0302 }),
      weakFirst: agreed(),
      weak: [{ ...agreed({ suite: 10 }), without: [] }],
    };
    assert.deepEqual(
      oldSessions({ hello }).map(({ version }) => version),
      [0x0302, 0x0301, 0x0300],
    );
    assert.equal(sessionsOf({ hello }).length, 5);
    assert.deepEqual([oldSessions({}), sessionsOf({})], [[], []]);
  });

  it('the answer to a nameless hello counts for nothing where the named one was asked, too', () => {
    // The default server behind a router of names has TLS 1.3 only, the one that was named has more.
    const weakFirst = helloRefused(70);
    const hello = { weakFirst, weakNamed: agreed({ suite: 0x0002 }) };
    assert.ok(!isNewOnly({ hello }));
    assert.deepEqual(kindsOf(hello), ['null taken']);
    assert.equal(weakestOf({ hello: { weakFirst: agreed(), weakNamed: helloRefused() } }), undefined);
    assert.deepEqual(sessionsOf({ hello: { weakFirst: agreed(), weakNamed: probeNotTested() } }), []);
  });

  it('the lowest version, where it is known', () => {
    assert.equal(lowestVersion({}), undefined);
    assert.equal(lowestVersion({ hello: { old: helloRefused() } }), 0x0303);
    const old = agreed({ version: 0x0302 });
    assert.equal(lowestVersion({ hello: { old } }), undefined);
    assert.equal(lowestVersion({ hello: { old, older: helloRefused() } }), 0x0302);
    assert.equal(lowestVersion({ hello: { old, older: agreed({ version: 0x0301 }) } }), 0x0301);
    assert.equal(lowestVersion({ hello: { old: agreed({ version: 0x0300 }) } }), 0x0300);
  });

  it('nothing below TLS 1.3, and strong whatever the order', () => {
    assert.ok(isNewOnly({ hello: { weakFirst: helloRefused(70) } }));
    assert.ok(!isNewOnly({ hello: { weakFirst: helloRefused(40) } }));
    assert.ok(!isNewOnly({ hello: { weakFirst: helloRefused(70), older: agreed({ version: 0x0301 }) } }));
    assert.ok(isNewOnly({ hello: { weakFirst: helloRefused(112), weakNamed: helloRefused(70) } }));
    assert.ok(isStrongAnyway({ hello: { weakFirst: agreed() } }));
    assert.ok(!isStrongAnyway({ hello: { weakFirst: agreed({ suite: 0x2f }) } }));
    assert.ok(!isStrongAnyway({ hello: { weakFirst: agreed({ version: 0x0302 }) } }));
    assert.ok(!isStrongAnyway({}));
  });

  it('RFC 8446 §6.2: a no counts for the versions where it is about them, or is the same to all', () => {
    const after = (alert: number | null, upToTls12: Probes['upToTls12']): boolean =>
      isNewOnly({ hello: { weakFirst: helloRefused(alert) }, ...(upToTls12 && { upToTls12 }) });
    // Its word to a usual client.
    assert.ok(after(null, handshakeRefused()));
    assert.ok(after(40, handshakeRefused()));
    assert.ok(!isNewOnly({ upToTls12: handshakeRefused() }));
    // It closes without a word at every one.
    assert.ok(after(null, handshakeRefused({ kind: 'closed' })));
    assert.ok(!after(40, handshakeRefused({ kind: 'closed' })));
    assert.ok(!after(null, undefined));
    assert.ok(!after(null, secured()));
    const hello = { weakFirst: helloRefused(null), weakNamed: helloRefused(40) };
    assert.ok(!isNewOnly({ hello, upToTls12: handshakeRefused({ kind: 'closed' }) }));
    // "Unable to negotiate an acceptable set of security parameters": it may have no key for those suites.
    assert.ok(!after(40, handshakeRefused({ kind: 'alert', alert: 'handshake failure' })));
    // Our own TLS did not like what the server said, or it is not known who broke off.
    assert.ok(!after(null, handshakeUnfit()));
    assert.ok(!after(null, handshakeRefused(null)));
  });

  it('only its word rules suites without certificates out', () => {
    assert.ok(saysNewOnly({ hello: { weakFirst: helloRefused(70) } }));
    assert.ok(saysNewOnly({ hello: { weakFirst: helloRefused(40) }, upToTls12: handshakeRefused() }));
    const closing = {
      hello: { weakFirst: helloRefused(null) },
      upToTls12: handshakeRefused({ kind: 'closed' }),
    };
    assert.ok(isNewOnly(closing) && !saysNewOnly(closing));
  });

  it('whose word a handshake that failed is', () => {
    const all = [
      handshakeRefused(),
      handshakeRefused({ kind: 'closed' }),
      handshakeUnfit(),
      handshakeRefused(null),
    ];
    assert.deepEqual(all.map(isBrokenOffByServer), [true, true, false, false]);
    assert.deepEqual([undefined, secured(), probeNotTested()].map(isBrokenOffByServer), [
      false,
      false,
      false,
    ]);
  });

  it('of the weakest first what was refused without SNI and taken with it', () => {
    const hello = { weakFirst: helloRefused(), weakNamed: agreed({ suite: 0xc02f }) };
    assert.equal(weakestOf({ hello })?.suite, 0xc02f);
    assert.ok(isStrongAnyway({ hello }));
    assert.deepEqual(orderOf(tls12, { hello }), { kind: 'own', suite: 0xc02f });
    assert.equal(weakestOf({ hello: { weakFirst: helloRefused() } }), undefined);
    assert.ok(isNameNeeded({ hello }));
    assert.ok(!isNameNeeded({ hello: { weakFirst: agreed(), weakNamed: agreed() } }));
    assert.ok(!isNameNeeded({ hello: { weakFirst: helloRefused(70), weakNamed: agreed() } }));
  });

  it('whose order counts', () => {
    const weakFirst = agreed({ suite: 0x2f });
    // What the TLS of Node offers differs in more than the order.
    assert.equal(orderOf(tls12, { hello: { weakFirst } }), undefined);
    const both = { weakFirst, bestFirst: agreed({ suite: 0xc02f }) };
    assert.deepEqual(orderOf(tls13, { hello: both }), { kind: 'client', weakest: 0x2f, best: 0xc02f });
    // Another certificate: another server behind another name, or another kind of key.
    const elsewhere = { ...both, bestFirst: agreed({ suite: 0xc02f, chain: [Uint8Array.of(1)] }) };
    assert.equal(orderOf(tls13, { hello: elsewhere }), undefined);
    const own = { weakFirst: agreed({ suite: 0xc02f }) };
    assert.deepEqual(orderOf(tls12, { hello: own }), { kind: 'own', suite: 0xc02f });
    assert.equal(orderOf(tls13, { hello: own }), undefined);
    assert.equal(orderOf(tls12, {}), undefined);
    const bestFirst = agreed({ suite: 0xc02f });
    assert.equal(orderOf(tls13, { hello: { weakFirst: agreed({ suite: 5 }), bestFirst } })?.kind, 'client');
  });

  it('broken kinds: taken, ruled out, and not known', () => {
    assert.deepEqual(kindsOf({}), []);
    assert.deepEqual(kindsOf({ weakFirst: agreed({ suite: 0x0005 }) }), ['rc4 taken']);
    assert.deepEqual(kindsOf({ weakFirst: helloRefused(70) }), [
      'null',
      'export',
      'des',
      'rc2',
      'rc4',
      'idea',
      '3des',
    ]);
    const weak = [
      { ...agreed({ suite: 0x0003 }), without: [], version: 0x0303 },
      { ...helloRefused(), without: ['export', 'rc4'], version: 0x0303 },
    ];
    const old = helloRefused();
    assert.deepEqual(kindsOf({ weak, old }), [
      'null',
      'export taken',
      'des',
      'rc2',
      'rc4 taken',
      'idea',
      '3des',
    ]);
    assert.deepEqual(kindsOf({ weak }), ['null', 'export taken', 'rc4 taken', '3des']);
    assert.deepEqual(kindsOf({ weakFirst: agreed({ suite: 0x2f }) }), []);
  });

  it('the group that is asked for', () => {
    const retry = (group: number | null): HelloProbes => ({
      retry: { kind: 'seen', result: 'retry', group, suite: 0x1301 },
    });
    assert.equal(wantedGroup({ hello: retry(0x11ec) }), 0x11ec);
    assert.equal(wantedGroup({ hello: retry(null) }), undefined);
    assert.equal(wantedGroup({ hello: { retry: agreed() } }), undefined);
    assert.equal(wantedGroup({ hello: { retry: agreed({ version: 0x0304, group: 29 }) } }), 29);
    assert.equal(wantedGroup({}), undefined);
  });
});

describe('whether TLS is spoken', () => {
  const without = { tls: null };

  it('the handshake of Node says it, or any hello of ours that came to something', () => {
    assert.ok(isTlsSpoken(tls13, {}));
    assert.ok(isTlsSpoken(without, { hello: { weakFirst: agreed({ suite: 0x3b }) } }));
    assert.ok(
      isTlsSpoken(without, { hello: { retry: { kind: 'seen', result: 'retry', group: 29, suite: 0x1301 } } }),
    );
  });

  it('not a server that refuses all of them', () => {
    assert.ok(!isTlsSpoken(without, {}));
    assert.ok(!isTlsSpoken(without, { hello: { weakFirst: helloRefused(40), retry: helloRefused(70) } }));
    assert.ok(!isTlsSpoken(without, { hello: { weakFirst: probeNotTested() } }));
  });
});
