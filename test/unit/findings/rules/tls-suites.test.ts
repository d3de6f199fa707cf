import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloProbes } from '../../../../src/findings/hello-seen.ts';
import type { ObservedTls, Probes } from '../../../../src/findings/observation.ts';
import { tlsFindings } from '../../../../src/findings/rules/tls.ts';
import {
  agreed,
  caseOf,
  helloRefused,
  hostCase,
  hostTarget,
  observe,
  only,
  probeNotTested,
  secured,
  tlsSeen,
  underPolicy,
} from '../../../support/observations.ts';

type Findings = ReturnType<typeof tlsFindings>;

function found(hello: HelloProbes, tls: Partial<ObservedTls> = {}, probes: Probes = {}): Findings {
  const base = { tls: tlsSeen(tls) };
  return tlsFindings(caseOf([hostCase([observe({ base, probes: { ...probes, hello } })])]));
}

function told(findings: Findings, id: string): readonly string[] {
  return only(findings, id).map(({ state, severity }) => `${state} ${severity}`);
}

const tls12 = { version: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', group: 'X25519' };
const STRONG = 0xc02f;
const CBC = 0x002f;
const broken = ['null', 'export', 'rc4', 'des', '3des'] as const;

describe('suites of broken kinds', () => {
  for (const [kind, suite, expected] of [
    ['null', 0x0002, 'fail critical'],
    ['export', 0x0003, 'fail critical'],
    ['rc4', 0x0005, 'fail high'],
    ['des', 0x0009, 'fail high'],
    ['3des', 0x000a, 'fail medium'],
  ] as const) {
    it(`${kind}: taken, whatever the hello`, () => {
      const id = `tls.suite.${kind}`;
      const weak = [{ ...agreed({ suite }), without: [] }];
      assert.deepEqual(told(found({ weak }), id), [expected]);
      assert.deepEqual(told(found({ weakFirst: agreed({ suite }) }), id), [expected]);
      assert.deepEqual(told(found({ old: agreed({ version: 0x0301, suite }) }), id), [expected]);
      assert.deepEqual(told(found({ weakFirst: agreed({ suite: STRONG }) }), id), []);
    });
  }

  it('one refusal of all of them clears all, where older versions are refused as well', () => {
    const weak = [{ ...helloRefused(), without: [], version: 0x0303 }];
    for (const kind of broken)
      assert.match(told(found({ weak, old: helloRefused() }), `tls.suite.${kind}`)[0] ?? '', /^pass /, kind);
  });

  it('RFC 4346 A.5, RFC 5469 §2: a refusal in TLS 1.2 says nothing of suites that are for older versions', () => {
    const first = { ...helloRefused(), without: [], version: 0x0303 } as const;
    const states = (hello: HelloProbes): readonly string[] =>
      broken.map((kind) => (told(found(hello), `tls.suite.${kind}`)[0] ?? 'nothing').replace(/ .*/, ''));
    // There are export suites with RC4, too.
    const some = ['pass', 'nothing', 'nothing', 'nothing', 'nothing'];
    assert.deepEqual(states({ weak: [first] }), some);
    assert.deepEqual(states({ weak: [first], old: agreed({ version: 0x0301, suite: CBC }) }), some);
    const second = { ...helloRefused(), without: [], version: 0x0301 } as const;
    const all = ['pass', 'pass', 'pass', 'pass', 'pass'];
    assert.deepEqual(states({ weak: [first, second], old: agreed({ version: 0x0301, suite: CBC }) }), all);
    // TLS 1.1 without TLS 1.0 below it is the lowest; whether that is there has to be known.
    const third = { ...helloRefused(), without: [], version: 0x0302 } as const;
    const old = agreed({ version: 0x0302, suite: CBC });
    assert.deepEqual(states({ weak: [first, third], old }), [
      'pass',
      'nothing',
      'nothing',
      'nothing',
      'pass',
    ]);
    assert.deepEqual(states({ weak: [first, third], old, older: helloRefused() }), all);
  });

  it('the list of all suites convicts as well', () => {
    const versions = [{ version: 0x0300, suites: [0x0005], ownOrder: null, unfinished: null }];
    const hello = {
      weak: [{ ...helloRefused(), without: [], version: 0x0303 }],
      old: helloRefused(),
      suites: { connections: 9, versions },
    };
    assert.deepEqual(told(found(hello), 'tls.suite.rc4'), ['fail high']);
    assert.deepEqual(told(found(hello), 'tls.ssl3'), ['fail high']);
    const anonymous = {
      suites: {
        connections: 9,
        versions: [{ version: 0x0303, suites: [0x0034], ownOrder: null, unfinished: null }],
      },
    };
    assert.match(told(found(anonymous), 'tls.suite.anon')[0] ?? '', /^warn/);
  });

  it('a list that lacks what the server takes is not all', () => {
    const listing = (suites: readonly number[]): HelloProbes => ({
      suites: { connections: 9, versions: [{ version: 0x0304, suites, ownOrder: null, unfinished: null }] },
    });
    assert.match(told(found(listing([0x1302])), 'tls.suite.count')[0] ?? '', /^pass/);
    const [lacking] = only(found(listing([0x1301])), 'tls.suite.count');
    assert.equal(lacking?.state, 'not-tested');
    assert.match(lacking?.evidence.at(-1) ?? '', /lacks TLS_AES_256_GCM_SHA384/);
    const none = { suites: { connections: 5, versions: [] } };
    assert.match(told(found(none), 'tls.suite.count')[0] ?? '', /^not-tested/);
  });

  it('a refusal of those that were left clears no other', () => {
    const weak = [
      { ...agreed({ suite: 0x000a }), without: [], version: 0x0303 },
      { ...helloRefused(), without: ['3des'], version: 0x0303 },
    ];
    const findings = found({ weak, old: helloRefused() });
    assert.deepEqual(told(findings, 'tls.suite.3des'), ['fail medium']);
    assert.deepEqual(told(findings, 'tls.suite.rc4'), ['pass high']);
  });

  it('what was not come to says nothing', () => {
    for (const seen of [
      probeNotTested(),
      { kind: 'seen', result: 'broken', because: 'x', without: [] } as const,
    ])
      for (const kind of broken)
        assert.deepEqual(told(found({ weak: [seen] }), `tls.suite.${kind}`), [], kind);
  });

  it('whatever a server takes of all suites, it may have those of broken kinds', () => {
    // Some put ChaCha20 or their own order before that of the client now and then.
    for (const suite of [STRONG, CBC]) {
      const hello = { weakFirst: agreed({ suite }), bestFirst: agreed({ suite: STRONG }) };
      const findings = found(hello, {}, { upToTls12: secured(tls12) });
      for (const kind of broken) assert.deepEqual(told(findings, `tls.suite.${kind}`), [], kind);
    }
  });

  it('of export suites with RC4 nothing is known where RC4 was taken, in older recordings', () => {
    const hello = { weakFirst: agreed({ suite: 0x0005 }), old: helloRefused() };
    const weak = { ...helloRefused(), without: ['rc4'] };
    assert.deepEqual(told(found({ ...hello, weak: [weak] }), 'tls.suite.export'), []);
    assert.deepEqual(told(found({ ...hello, weak: [{ ...weak, version: 0x0303 }] }), 'tls.suite.export'), [
      'pass critical',
    ]);
  });

  it('a server without TLS 1.2 and older has none', () => {
    for (const kind of broken)
      assert.match(told(found({ weakFirst: helloRefused(70) }), `tls.suite.${kind}`)[0] ?? '', /^pass /);
  });
});

describe('suites without a certificate', () => {
  const anonymous = agreed({ suite: 0x0034, chain: [] });

  it('are usual at port 25', () => {
    assert.deepEqual(told(found({ anonymous }), 'tls.suite.anon'), ['warn info']);
    assert.deepEqual(told(found({ anonymous: helloRefused() }), 'tls.suite.anon'), ['pass medium']);
  });

  it('a server without TLS 1.2 and older has none', () => {
    assert.deepEqual(told(found({ weakFirst: helloRefused(70) }), 'tls.suite.anon'), ['pass medium']);
    assert.deepEqual(told(found({ weakFirst: helloRefused() }), 'tls.suite.anon'), []);
  });

  it('and nowhere else', () => {
    const at = observe({ endpoint: { protocol: 'imap' }, probes: { hello: { anonymous } } });
    assert.deepEqual(told(tlsFindings(hostTarget([at])), 'tls.suite.anon'), ['warn medium']);
  });
});

describe('a server that has nothing above TLS 1.2', () => {
  const rsa = { ...tls12, cipher: 'TLS_RSA_WITH_AES_128_CBC_SHA' };
  const ecdhe = { ...tls12, cipher: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA' };

  it('no forward secrecy at all', () => {
    assert.deepEqual(told(found({ retry: helloRefused() }, rsa), 'tls.suite.no-fs'), ['fail high']);
    assert.deepEqual(told(found({ retry: agreed({ suite: 0xc013 }) }, rsa), 'tls.suite.no-fs'), [
      'pass high',
    ]);
    assert.deepEqual(told(found({ retry: helloRefused() }, ecdhe), 'tls.suite.no-fs'), ['pass high']);
    assert.deepEqual(told(found({}, rsa), 'tls.suite.no-fs'), []);
    assert.deepEqual(told(found({ retry: probeNotTested() }, rsa), 'tls.suite.no-fs'), []);
  });

  it('nothing with authenticated encryption', () => {
    const id = 'tls.suite.no-aead';
    assert.deepEqual(told(found({ retry: helloRefused() }, ecdhe), id), ['warn medium']);
    // Of a hello in which there were others, as in older recordings: it may prefer them.
    assert.deepEqual(told(found({ retry: agreed({ suite: 0xc013 }) }, ecdhe), id), []);
    assert.deepEqual(told(found({ retry: agreed({ suite: STRONG }) }, ecdhe), id), ['pass medium']);
  });

  it('of suites that have either, a refusal is one of both, and what was taken says nothing of the other', () => {
    const ids = ['tls.suite.no-fs', 'tls.suite.no-aead'];
    const states = (retry: ReturnType<typeof agreed>): readonly string[] =>
      ids.flatMap((id) => told(found({ retry }, rsa), id));
    assert.deepEqual(states(helloRefused()), ['fail high', 'warn medium']);
    assert.deepEqual(states(agreed({ suite: STRONG })), ['pass high', 'pass medium']);
    assert.deepEqual(states(agreed({ suite: 0x009c })), ['pass medium']);
    assert.deepEqual(states(agreed({ suite: 0xc013 })), ['pass high']);
  });

  it('older versions were not offered in that hello, and TLS 1.3 has nothing else', () => {
    const tls10 = { ...rsa, version: 'TLSv1' };
    assert.deepEqual(told(found({ retry: helloRefused() }, tls10), 'tls.suite.no-fs'), []);
    assert.deepEqual(told(found({ retry: helloRefused() }), 'tls.suite.no-fs'), []);
  });
});

describe('whose order counts', () => {
  const id = 'tls.suite.order';
  const both = (weakest: number, best: number): HelloProbes => ({
    weakFirst: agreed({ suite: weakest }),
    bestFirst: agreed({ suite: best }),
  });

  it('RFC 9325 §4.2.1: "Servers MUST prefer this cipher suite over weaker cipher suites"', () => {
    assert.deepEqual(told(found(both(CBC, STRONG)), id), ['warn low']);
    assert.deepEqual(told(found(both(STRONG, STRONG)), id), ['pass low']);
    // All that it has is sound.
    assert.deepEqual(told(found(both(STRONG, 0xc030)), id), ['pass low']);
  });

  it('a server that takes a sound one with the weakest first is in order, whosever order that is', () => {
    assert.deepEqual(told(found({ weakFirst: agreed({ suite: STRONG }) }), id), ['pass low']);
    assert.deepEqual(told(found({ weakFirst: agreed({ version: 0x0301, suite: CBC }) }), id), []);
  });

  it('the TLS of Node offers other suites: that it came to the same tells, and that it came to another one does not', () => {
    const upToTls12 = secured(tls12);
    assert.deepEqual(told(found({ weakFirst: agreed({ suite: STRONG }) }, {}, { upToTls12 }), id), [
      'pass low',
    ]);
    assert.deepEqual(told(found({ weakFirst: agreed({ suite: STRONG }) }, tls12), id), ['pass low']);
    assert.deepEqual(told(found({ weakFirst: agreed({ suite: CBC }) }, {}, { upToTls12 }), id), []);
    assert.deepEqual(told(found({ weakFirst: agreed({ suite: CBC }) }, tls12), id), []);
  });
});

describe('what the list of all suites shows', () => {
  const listing = (
    suites: readonly number[],
    { ownOrder = true, unfinished = null as string | null } = {},
  ): HelloProbes => ({
    suites: { connections: 20, versions: [{ version: 0x0303, suites, ownOrder, unfinished }] },
  });
  const ANONYMOUS = 0x006c;

  it('is found as by any other hello, and what is not in it is not there', () => {
    const findings = found(listing([STRONG, 0x0005]), tls12);
    assert.deepEqual(told(findings, 'tls.suite.rc4'), ['fail high']);
    assert.deepEqual(only(findings, 'tls.suite.rc4')[0]?.evidence, [
      'Agreed on: TLSv1.2, TLS_RSA_WITH_RC4_128_SHA',
    ]);
    assert.deepEqual(told(findings, 'tls.suite.3des'), ['pass medium']);
    assert.match(
      only(findings, 'tls.suite.3des')[0]?.evidence[0] ?? '',
      /^Every suite that it takes was listed/,
    );
    assert.deepEqual(told(findings, 'tls.suite.anon'), ['pass medium']);
  });

  it('that has no end rules nothing out', () => {
    const findings = found(listing([STRONG, 0x0005], { unfinished: 'it sent us away' }));
    assert.deepEqual(told(findings, 'tls.suite.rc4'), ['fail high']);
    for (const kind of ['3des', 'anon']) assert.deepEqual(told(findings, `tls.suite.${kind}`), []);
    assert.deepEqual(told(found({ suites: { connections: 5, versions: [] } }), 'tls.suite.rc4'), []);
  });

  it('a suite without a certificate that is preferred is worse where senders look at certificates', () => {
    const under = (policy: Parameters<typeof underPolicy>[0], hello: HelloProbes): readonly string[] =>
      told(tlsFindings(underPolicy(policy, [observe({ probes: { hello } })])), 'tls.suite.anon');
    for (const policy of ['sts-enforce', 'dane-ee', 'dane-ta'] as const) {
      assert.deepEqual(under(policy, listing([ANONYMOUS, STRONG])), ['warn high'], policy);
      assert.deepEqual(under(policy, listing([STRONG, ANONYMOUS])), ['warn info'], policy);
      assert.deepEqual(
        under(policy, listing([ANONYMOUS, STRONG], { ownOrder: false })),
        ['warn info'],
        policy,
      );
    }
    for (const policy of ['none', 'sts-testing'] as const)
      assert.deepEqual(under(policy, listing([ANONYMOUS, STRONG])), ['warn info'], policy);
  });
});

it('all suites, version by version', () => {
  const version = { version: 0x0303, suites: [STRONG, CBC], ownOrder: true, unfinished: null };
  const suites = { connections: 20, versions: [version] };
  const [whole] = only(found({ suites }, tls12), 'tls.suite.count');
  assert.deepEqual(
    [whole?.state, whole?.evidence],
    ['pass', ['2 suites, found by 20 connections', 'TLSv1.2: 2']],
  );
  const cut = { ...suites, versions: [{ ...version, unfinished: 'it sent us away' }] };
  const [part] = only(found({ suites: cut }, tls12), 'tls.suite.count');
  assert.equal(part?.state, 'not-tested');
  assert.match(part.evidence[1] ?? '', /not to the end: it sent us away/);
});
