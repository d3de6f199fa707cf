import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bod1801 } from '../../../../src/findings/profiles/bod-18-01.ts';
import { bsiTr03108 } from '../../../../src/findings/profiles/bsi-tr-03108.ts';
import { builtIn } from '../../../../src/findings/profiles/built-in.ts';
import { daneReady } from '../../../../src/findings/profiles/dane-ready.ts';
import { assess } from '../../../../src/findings/profiles/evaluate.ts';
import { mtaStsReady } from '../../../../src/findings/profiles/mta-sts-ready.ts';
import { ncscNl202505 } from '../../../../src/findings/profiles/ncsc-nl-2025-05.ts';
import type { Assessed, Profile, SimpleTest, Test } from '../../../../src/findings/profiles/profile.ts';
import { nameOf } from '../../../support/destinations.ts';
import {
  ADDRESS6,
  chainFor,
  HOST,
  handshakeFailed,
  notConnected,
  observe,
  otherKey,
  probeNotTested,
  secured,
  sentAway,
  tlsSeen,
  withoutStarttls,
} from '../../../support/observations.ts';
import {
  allProbes,
  assessedBy,
  checked,
  demanding,
  goodScene,
  requirementIn,
  senderZone,
  stateIn,
  wellSeen,
} from '../../../support/profiles.ts';
import { goodZone, keyOf, plainZone, policyText, type Scene, served } from '../../../support/scenes.ts';

const inside = (all: readonly Assessed[]): readonly Assessed[] => all.filter(({ outside }) => !outside);
const idsIn = (all: readonly Assessed[], state: Assessed['state']): readonly string[] =>
  inside(all)
    .filter((one) => one.state === state)
    .map(({ requirement }) => requirement.id);

/** What one requirement of this test comes to. */
function stateOf(test: Test, scene: Scene): Assessed['state'] {
  return stateIn(assessedBy(demanding(test), scene), 'one');
}
const fact = (name: Extract<SimpleTest, { kind: 'fact' }>['fact']): SimpleTest => ({
  kind: 'fact',
  fact: name,
});

const zone = goodScene().zone;
const withoutPolicy: Scene = { zone: { ...plainZone, ...senderZone }, observations: [wellSeen()] };

describe('a domain at which everything is in order', () => {
  it('is ready for enforce', () => {
    const all = assessedBy(mtaStsReady, goodScene());
    assert.deepEqual(idsIn(all, 'met').length, mtaStsReady.requirements.length);
  });

  it('is ready for DANE, but for the record of the next key', () => {
    const all = assessedBy(daneReady, goodScene());
    assert.deepEqual(idsIn(all, 'not-met'), ['rollover']);
    assert.deepEqual(idsIn(all, 'not-tested'), []);
    const next = `3 1 1 ${'ab'.repeat(32)}`;
    const ready = goodScene({ zone: { ...zone, ...goodZone([keyOf(chainFor()), next]) } });
    assert.deepEqual(idsIn(assessedBy(daneReady, ready), 'not-met'), []);
  });

  it('meets of the other profiles what can be seen, and nothing that cannot', () => {
    for (const profile of [ncscNl202505, bsiTr03108, bod1801]) {
      const all = assessedBy(profile, goodScene());
      assert.deepEqual(idsIn(all, 'not-met'), [], profile.name);
      assert.ok(idsIn(all, 'met').length > 2, profile.name);
    }
  });
});

describe('every requirement', () => {
  const scenes: readonly (readonly [string, Scene])[] = [
    ['all is well', goodScene()],
    ['nothing is published', withoutPolicy],
    ['nobody answers', goodScene({ observations: [observe({ base: notConnected() })] })],
    ['there is no STARTTLS', goodScene({ observations: [observe({ base: withoutStarttls() })] })],
    ['the domain takes no mail', { zone: { 'example.test MX': ['0 .'] }, observations: [] }],
    [
      'nothing is known',
      { zone: {}, observations: [], change: (answer) => ({ ...answer, kind: 'unknown', unproven: [] }) },
    ],
    [
      'a server was named',
      {
        ...goodScene(),
        target: { kind: 'host', host: nameOf(HOST), port: 25, protocol: 'smtp', tls: 'starttls' },
      },
    ],
  ];
  for (const [what, scene] of scenes) {
    it(`has a state, and evidence for it, where ${what}; what is not met comes first`, () => {
      const { recording, judged } = checked(scene);
      for (const profile of builtIn) {
        const all = assess(profile, judged, recording);
        assert.equal(all.length, profile.requirements.length);
        for (const { requirement, verdicts, state } of all) {
          const id = `${profile.name} ${requirement.id}`;
          assert.ok(verdicts.some((one) => one.state === state) || requirement.test.kind === 'any', id);
          for (const { evidence } of verdicts) assert.ok((evidence[0] ?? '') !== '', id);
        }
        const states = ['not-met', 'not-tested', 'met', 'not-applicable'];
        const ranks = all.map(({ state }) => states.indexOf(state));
        assert.deepEqual(
          ranks,
          ranks.toSorted((a, b) => a - b),
          profile.name,
        );
      }
    });
  }

  it('is never met by a server that nobody could look at', () => {
    for (const base of [notConnected('timeout'), notConnected('refused'), sentAway('throttled')]) {
      const scene = goodScene({ observations: [observe({ base })] });
      for (const name of ['starttls', 'tls-1.2', 'web-pki', 'tlsa-match'] as const)
        assert.equal(stateOf(fact(name), scene), 'not-tested', name);
      for (const id of ['versions', 'suites', 'groups', 'keys', 'signatures'])
        assert.equal(stateIn(assessedBy(ncscNl202505, scene), id), 'not-tested', id);
    }
  });

  it('is about nothing where a domain takes no mail, but for what concerns its own mail', () => {
    const scene: Scene = { zone: { ...senderZone, 'example.test MX': ['0 .'] }, observations: [] };
    const of = (profile: Profile): readonly string[] => idsIn(assessedBy(profile, scene), 'not-applicable');
    assert.equal(of(mtaStsReady).length, mtaStsReady.requirements.length);
    assert.deepEqual(idsIn(assessedBy(bod1801, scene), 'met'), [
      'spf',
      'dmarc',
      'dmarc-reject',
      'dmarc-reports',
      'dmarc-reports-to-agency',
    ]);
  });
});

describe('doors', () => {
  const two: Scene = goodScene({ zone: { ...zone, [`${HOST} AAAA`]: [ADDRESS6] } });

  it('are all addresses: one that was not visited is not tested', () => {
    assert.equal(stateOf(fact('starttls'), two), 'not-tested');
    const seen = { ...two, observations: [wellSeen(), wellSeen({ endpoint: { address: ADDRESS6 } })] };
    assert.equal(stateOf(fact('starttls'), seen), 'met');
  });

  it('one without TLS among others is not met, whatever the others are', () => {
    const other = observe({ endpoint: { address: ADDRESS6 }, base: withoutStarttls() });
    const scene = { ...two, observations: [wellSeen(), other] };
    const { state, verdicts } = requirementIn(assessedBy(mtaStsReady, scene), 'starttls');
    assert.equal(state, 'not-met');
    assert.deepEqual(
      verdicts.map((one) => [one.scope.address, one.state]),
      [
        ['192.0.2.1', 'met'],
        [ADDRESS6, 'not-met'],
      ],
    );
  });

  it('one that was left alone is not tested, with the reason', () => {
    const skipped = [
      {
        host: HOST,
        address: ADDRESS6,
        port: 25,
        kind: 'opted-out',
        because: 'its owner asked',
        retryAt: null,
      },
    ] as const;
    const scene = { ...two, skipped, observations: [wellSeen()] };
    const { verdicts } = requirementIn(assessedBy(mtaStsReady, scene), 'starttls');
    assert.deepEqual(
      verdicts.map(({ state, evidence }) => [state, evidence[0]]),
      [
        ['met', 'agreed on TLSv1.3, TLS_AES_256_GCM_SHA384'],
        ['not-tested', 'its owner asked'],
      ],
    );
  });

  it('a handshake that the server takes back is none', () => {
    const closed = { inside: null, end: { kind: 'closed', at: 'inside' } } as const;
    assert.equal(
      stateOf(fact('starttls'), goodScene({ observations: [observe({ base: closed })] })),
      'not-met',
    );
    const failed = goodScene({ observations: [observe({ base: handshakeFailed() })] });
    assert.equal(stateOf(fact('starttls'), failed), 'not-met');
  });

  it('of more mail hosts than are visited the others are not tested', () => {
    const hosts = Array.from({ length: 12 }, (_, index) => `mx${index}.example.test`);
    const many = {
      'example.test MX': hosts.map((host) => `10 ${host}.`),
      ...Object.fromEntries(hosts.map((host) => [`${host} A`, ['192.0.2.1']])),
    };
    const observations = hosts.map((host) => wellSeen({ endpoint: { serverName: host } }));
    assert.equal(stateOf(fact('starttls'), { zone: many, observations }), 'not-tested');
    assert.equal(stateOf(fact('mail-hosts'), { zone: many, observations }), 'not-tested');
  });
});

describe('the certificate that MTA-STS looks at', () => {
  const wrongName = { chain: chainFor({ names: ['other.test'] }) };

  it('RFC 8461 §4.2: has to be for the name of the host, also where there is no policy yet', () => {
    const scene = { ...withoutPolicy, observations: [wellSeen({ base: { tls: tlsSeen(wrongName) } })] };
    assert.equal(stateOf(fact('web-pki'), scene), 'not-met');
    assert.equal(stateOf(fact('web-pki'), withoutPolicy), 'met');
  });

  it('has to be of a public authority, and of today', () => {
    for (const code of ['SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED']) {
      const tls = tlsSeen({ path: { kind: 'untrusted', code } });
      assert.equal(
        stateOf(fact('web-pki'), goodScene({ observations: [wellSeen({ base: { tls } })] })),
        'not-met',
      );
    }
  });

  it('the one for the other kind of key, too', () => {
    const probes = { otherKey: otherKey(wrongName) };
    assert.equal(stateOf(fact('web-pki'), goodScene({ observations: [wellSeen({ probes })] })), 'not-met');
    const right = { otherKey: otherKey() };
    assert.equal(stateOf(fact('web-pki'), goodScene({ observations: [wellSeen({ probes: right })] })), 'met');
  });

  it('one that nobody has asked for leaves it open, at --depth quick', () => {
    assert.equal(
      stateOf(fact('web-pki'), goodScene({ observations: [observe()], depth: 'quick' })),
      'not-tested',
    );
  });

  it('RFC 8461 §7.2: TLS 1.1 is not enough', () => {
    const old = observe({ base: { tls: tlsSeen({ version: 'TLSv1.1' }) } });
    assert.equal(stateOf(fact('tls-1.2'), goodScene({ observations: [old] })), 'not-met');
  });
});

describe('MTA-STS', () => {
  const of = (change: Partial<Scene>, id: string): Assessed['state'] =>
    stateIn(assessedBy(mtaStsReady, goodScene(change)), id);

  it('is not ready where there is no policy, or none that can be had', () => {
    assert.equal(stateIn(assessedBy(mtaStsReady, withoutPolicy), 'record'), 'not-met');
    assert.equal(of({ policy: served('nothing') }, 'policy'), 'not-met');
    assert.equal(of({ policy: served(policyText('enforce'), { status: 301 }) }, 'policy'), 'not-met');
  });

  it('is ready with a policy in testing, and not with one that lists another host', () => {
    assert.equal(of({ policy: policyText('testing') }, 'policy'), 'met');
    assert.equal(
      of({ policy: policyText('testing', ['mx9.example.test']) }, 'policy-lists-hosts'),
      'not-met',
    );
  });

  it('wants TLS-RPT', () => {
    const { '_smtp._tls.example.test TXT': _, ...silent } = zone;
    assert.equal(of({ zone: silent }, 'tls-rpt'), 'not-met');
  });
});

describe('DANE', () => {
  it('RFC 7672 §2.2.1: wants signed MX records', () => {
    assert.equal(stateOf(fact('mx-signed'), goodScene({ status: 'insecure' })), 'not-met');
    assert.equal(stateOf(fact('mx-signed'), goodScene({ status: 'indeterminate' })), 'not-tested');
  });

  it('RFC 7672 §2.2.2: and signed addresses', () => {
    const scene = goodScene({ statuses: { [HOST]: 'insecure' } });
    assert.equal(stateOf(fact('mx-signed'), scene), 'met');
    assert.equal(stateOf(fact('hosts-signed'), scene), 'not-met');
    assert.equal(stateOf(fact('tlsa'), scene), 'not-met');
  });

  it('wants records that count at every host', () => {
    assert.equal(stateOf(fact('tlsa'), withoutPolicy), 'not-met');
    const unusable = goodScene({
      zone: { ...zone, [`_25._tcp.${HOST} TLSA`]: [`1 1 1 ${'ab'.repeat(32)}`] },
    });
    assert.equal(stateOf(fact('tlsa'), unusable), 'not-met');
  });

  it('RFC 7672 §2.1.2: a question for TLSA records that fails is what counts, not that there are none', () => {
    const scene = goodScene({
      change: (answer) =>
        answer.question.type === 52
          ? { ...answer, kind: 'unknown', status: 'bogus', unproven: [], because: 'SERVFAIL' }
          : answer,
    });
    const all = assessedBy(daneReady, scene);
    assert.equal(stateIn(all, 'denial'), 'not-met');
    assert.equal(stateIn(all, 'tlsa'), 'not-tested');
    assert.equal(stateIn(all, 'tlsa-match'), 'not-tested');
  });

  it('has to match at each address and for each kind of key', () => {
    const other = { chain: chainFor({ names: ['other.test'] }) };
    const first = goodScene({ observations: [wellSeen({ base: { tls: tlsSeen(other) } })] });
    assert.equal(stateOf(fact('tlsa-match'), first), 'not-met');
    const second = goodScene({ observations: [wellSeen({ probes: { otherKey: otherKey(other) } })] });
    assert.equal(stateOf(fact('tlsa-match'), second), 'not-met');
    assert.equal(stateOf(fact('tlsa-match'), goodScene({ observations: [observe()] })), 'not-tested');
  });

  it("what is presented without a name in the handshake is no sender's concern", () => {
    const probes = { noServerName: secured({ chain: chainFor({ names: ['other.test'] }) }) };
    assert.equal(stateOf(fact('tlsa-match'), goodScene({ observations: [wellSeen({ probes })] })), 'met');
  });
});

describe('levels', () => {
  const ncsc = (observation: ReturnType<typeof observe>, id: string): Assessed =>
    requirementIn(assessedBy(ncscNl202505, goodScene({ observations: [observation] })), id);

  it('one choice that will not do is enough for not met, although others were not tried', () => {
    const weak = tlsSeen({ version: 'TLSv1.2', cipher: 'TLS_RSA_WITH_AES_128_GCM_SHA256', group: null });
    const one = ncsc(observe({ base: { tls: weak } }), 'suites');
    assert.deepEqual([one.state, one.level, one.severity], ['not-met', 'insufficient', 'high']);
    assert.equal(one.untested, 'high');
    assert.match(one.verdicts[0]?.evidence[0] ?? '', /TLS_RSA_WITH_AES_128_GCM_SHA256 is insufficient/);
  });

  it('what is on its way out is not met, and less bad', () => {
    const rsa = chainFor({ key: 'rsa2048' });
    const one = ncsc(wellSeen({ base: { tls: tlsSeen({ chain: rsa }) } }), 'keys');
    assert.deepEqual([one.state, one.level, one.severity], ['not-met', 'phase-out', 'low']);
    assert.equal(one.untested, null);
    const short = ncsc(wellSeen({ base: { tls: tlsSeen({ chain: chainFor({ key: 'rsa1024' }) }) } }), 'keys');
    assert.deepEqual([short.state, short.level, short.severity], ['not-met', 'insufficient', 'high']);
    const two = goodScene({
      zone: { ...zone, [`${HOST} AAAA`]: [ADDRESS6] },
      observations: [
        wellSeen({ base: { tls: tlsSeen({ chain: rsa }) } }),
        wellSeen({
          endpoint: { address: ADDRESS6 },
          base: { tls: tlsSeen({ chain: chainFor({ key: 'rsa1024' }) }) },
        }),
      ],
    });
    const worst = requirementIn(assessedBy(ncscNl202505, two), 'keys');
    assert.deepEqual([worst.state, worst.severity], ['not-met', 'high']);
  });

  it('what is on its way out hides nothing of what could not be looked at', () => {
    const rsa = { base: { tls: tlsSeen({ chain: chainFor({ key: 'rsa2048' }) }) } };
    const alone = ncsc(observe(rsa), 'keys');
    assert.deepEqual([alone.state, alone.severity, alone.untested], ['not-met', 'low', 'high']);
    const scene = goodScene({
      zone: { ...zone, [`${HOST} AAAA`]: [ADDRESS6] },
      observations: [wellSeen(rsa)],
    });
    const other = requirementIn(assessedBy(ncscNl202505, scene), 'keys');
    assert.deepEqual([other.state, other.severity, other.untested], ['not-met', 'low', 'high']);
  });

  it('what is not all is not tested, with what was seen', () => {
    const one = ncsc(wellSeen(), 'suites');
    assert.deepEqual([one.state, one.level], ['not-tested', 'sufficient']);
    assert.match(one.verdicts[0]?.evidence[0] ?? '', /every suite/);
  });

  it('TLS 1.0 that the server still speaks is insufficient', () => {
    const probes = { legacy: secured({ version: 'TLSv1', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA' }) };
    const one = ncsc(wellSeen({ probes }), 'versions');
    assert.deepEqual([one.state, one.level], ['not-met', 'insufficient']);
  });

  it('are about nothing where there is no TLS', () => {
    assert.equal(ncsc(observe({ base: withoutStarttls() }), 'suites').state, 'not-applicable');
    assert.equal(ncsc(observe({ base: withoutStarttls() }), 'starttls').state, 'not-met');
  });
});

describe('findings', () => {
  it('of a check that this program does not have are not tested, at each door', () => {
    const test = { kind: 'findings', ids: ['tls.nonesuch'] } as const;
    assert.equal(stateOf(test, goodScene()), 'not-tested');
    assert.equal(stateOf({ kind: 'findings', ids: ['none.such'] }, goodScene()), 'not-tested');
  });

  it('of which nothing was found are not tested, unless the profile knows better', () => {
    const ids = ['tls.alpn-cross'];
    assert.equal(stateOf({ kind: 'findings', ids }, goodScene()), 'not-tested');
    assert.equal(stateOf({ kind: 'findings', ids, silent: 'met' }, goodScene()), 'met');
    assert.equal(stateOf({ kind: 'findings', ids, silent: 'not-applicable' }, goodScene()), 'not-applicable');
  });

  it('all of them have to pass, but for those that do not matter', () => {
    const ids = ['tlsrpt', 'dane'];
    assert.equal(stateOf({ kind: 'findings', ids }, goodScene()), 'not-met');
    const except = ['dane.rollover-not-ready', 'tlsrpt.same-domain-only'];
    assert.equal(stateOf({ kind: 'findings', ids, except }, goodScene()), 'met');
  });

  it('that say that nobody could look are not tested', () => {
    const test = { kind: 'findings', ids: ['tls.tls10'] } as const;
    const scene = goodScene({ observations: [wellSeen({ probes: { legacy: probeNotTested() } })] });
    assert.equal(stateOf(test, goodScene()), 'met');
    assert.equal(stateOf(test, scene), 'not-tested');
  });

  it('of the door beside are none of the doors that count', () => {
    const beside = observe({
      endpoint: { port: 587, protocol: 'submission' },
      base: withoutStarttls('submission'),
    });
    const scene = goodScene({ observations: [wellSeen(), beside] });
    assert.equal(stateOf({ kind: 'findings', ids: ['starttls.not-offered'] }, scene), 'met');
  });
});

describe('several tests in one', () => {
  const met = fact('starttls');
  const notMet = fact('dmarc-reject');
  const untested: SimpleTest = { kind: 'findings', ids: ['tls.nonesuch'] };
  const nothing: SimpleTest = { kind: 'findings', ids: ['tls.alpn-cross'], silent: 'not-applicable' };
  const scene = goodScene({
    zone: { ...zone, '_dmarc.example.test TXT': ['"v=DMARC1; p=none; rua=mailto:a@example.test"'] },
  });
  const cases: readonly (readonly [
    kind: 'any' | 'all',
    of: readonly SimpleTest[],
    state: Assessed['state'],
  ])[] = [
    ['any', [notMet, met], 'met'],
    ['any', [notMet, untested], 'not-tested'],
    ['any', [notMet, nothing], 'not-met'],
    ['any', [nothing, nothing], 'not-applicable'],
    ['all', [met, notMet, untested], 'not-met'],
    ['all', [met, untested], 'not-tested'],
    ['all', [met, nothing], 'met'],
  ];
  for (const [kind, of, state] of cases)
    it(`${kind} of ${of.map((one) => (one.kind === 'fact' ? one.fact : 'findings')).join(', ')} is ${state}`, () =>
      assert.equal(stateOf({ kind, of }, scene), state));
});

describe('BOD 18-01', () => {
  const dmarc = (record: string, id: string, more: Scene['zone'] = {}): Assessed['state'] =>
    stateIn(
      assessedBy(
        bod1801,
        goodScene({ zone: { ...zone, '_dmarc.example.test TXT': [`"${record}"`], ...more } }),
      ),
      id,
    );

  for (const [record, state] of [
    ['v=DMARC1; p=reject', 'met'],
    ['v=DMARC1; p=reject; pct=100; sp=reject', 'met'],
    ['v=DMARC1; p=quarantine', 'not-met'],
    ['v=DMARC1; p=none', 'not-met'],
    ['v=DMARC1; p=reject; pct=50', 'not-met'],
    ['v=DMARC1; p=reject; sp=none', 'not-met'],
    ['v=DMARC1; p=reject; t=y', 'not-met'],
    ['v=DMARC1; p=nonsense', 'not-met'],
  ] as const)
    it(`II.1.a.iv: ${record} is ${state}`, () => assert.equal(dmarc(record, 'dmarc-reject'), state));

  it('II.1.a.i: somebody gets reports, be they of failures', () => {
    assert.equal(dmarc('v=DMARC1; p=reject', 'dmarc-reports'), 'not-met');
    assert.equal(dmarc('v=DMARC1; p=reject; ruf=mailto:f@example.test', 'dmarc-reports'), 'met');
  });

  it('II.1.a.iii: the agency gets them, too', () => {
    const id = 'dmarc-reports-to-agency';
    assert.equal(dmarc('v=DMARC1; p=reject; rua=mailto:reports@example.test', id), 'not-met');
    assert.equal(dmarc('v=DMARC1; p=reject; rua=mailto:Reports@dmarc.cyber.dhs.gov', id), 'met');
  });

  it('a domain without any record is not met, one that nobody could ask for is not tested', () => {
    const { '_dmarc.example.test TXT': _, ...without } = zone;
    assert.equal(stateIn(assessedBy(bod1801, goodScene({ zone: without })), 'dmarc-reject'), 'not-met');
    const scene = goodScene({
      change: (answer) =>
        answer.question.type === 16
          ? { ...answer, kind: 'unknown', unproven: [], because: 'SERVFAIL' }
          : answer,
    });
    assert.equal(stateIn(assessedBy(bod1801, scene), 'dmarc-reject'), 'not-tested');
    assert.equal(stateIn(assessedBy(bod1801, scene), 'spf'), 'not-tested');
  });

  it('its web part is outside, and counts for nothing', () => {
    const web = requirementIn(assessedBy(bod1801, goodScene()), 'web');
    assert.deepEqual([web.outside, web.state, web.severity], [true, 'not-tested', 'info']);
  });
});

describe('BSI TR-03108', () => {
  it('wants DANE: MTA-STS alone does not do', () => {
    const { [`_25._tcp.${HOST} TLSA`]: _, ...without } = zone;
    assert.equal(stateIn(assessedBy(bsiTr03108, goodScene({ zone: without })), 'dane'), 'not-met');
    assert.equal(stateIn(assessedBy(bsiTr03108, goodScene({ zone: without })), 'mta-sts'), 'met');
    assert.equal(stateIn(assessedBy(bsiTr03108, withoutPolicy), 'mta-sts'), 'not-applicable');
  });

  it('takes a certificate that TLSA records prove for one of a public authority', () => {
    const tls = tlsSeen({ path: { kind: 'untrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' } });
    const scene = goodScene({ observations: [wellSeen({ base: { tls } })] });
    assert.equal(stateIn(assessedBy(bsiTr03108, scene), 'trusted-certificates'), 'met');
    assert.equal(stateOf(fact('web-pki'), scene), 'not-met');
  });

  it('RSA has to have 3,000 bits', () => {
    const base = { tls: tlsSeen({ chain: chainFor({ key: 'rsa2048' }) }) };
    const one = requirementIn(
      assessedBy(bsiTr03108, goodScene({ observations: [wellSeen({ base })] })),
      'keys',
    );
    assert.deepEqual([one.state, one.severity], ['not-met', 'medium']);
  });
});

describe('a server that was named by its address', () => {
  it('has no domain, and what is about its name nobody has looked at', () => {
    const target = {
      kind: 'address',
      address: '192.0.2.1',
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    const observations = [wellSeen({ endpoint: { serverName: null } })];
    const scene: Scene = { zone: {}, target, observations };
    for (const name of ['mx-signed', 'dmarc-reject'] as const)
      assert.equal(stateOf(fact(name), scene), 'not-applicable', name);
    for (const name of ['hosts-signed', 'tlsa', 'web-pki', 'tlsa-match'] as const)
      assert.equal(stateOf(fact(name), scene), 'not-tested', name);
    for (const name of ['mail-hosts', 'starttls', 'tls-1.2'] as const)
      assert.equal(stateOf(fact(name), scene), 'met', name);
    assert.ok(allProbes.otherKey !== undefined);
    for (const id of ['spf.missing', 'dmarc', 'mtasts.none', 'tlsrpt', 'mx'])
      assert.equal(stateOf({ kind: 'findings', ids: [id] }, scene), 'not-applicable', id);
    // That DANE would do is not said of a server of which nobody knows whether there is any.
    assert.ok(assessedBy(daneReady, scene).some(({ untested }) => untested === 'critical'));
  });
});
