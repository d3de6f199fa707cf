/** Which questions follow a first connection, and what is made of their answers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloProbes } from '../../../src/findings/hello-seen.ts';
import type { Probes, Visit, VisitEnd } from '../../../src/findings/observation.ts';
import { dialectOf } from '../../../src/scanner/dialects.ts';
import { emptyDraft } from '../../../src/scanner/draft.ts';
import {
  hindrance,
  type Knock,
  type Knocking,
  type NotTested,
  type QuestionTerms,
  questionsFor,
} from '../../../src/scanner/probes.ts';
import { agreed, chainFor, helloRefused } from '../../support/observations.ts';
import { tlsFacts } from '../../support/transcript.ts';

const terms: QuestionTerms = {
  dialect: dialectOf('smtp'),
  deep: false,
  intrusive: false,
  startTls: true,
  named: true,
  saysHello: true,
  helloName: 'probe.test',
};
const answer = { code: 454, positive: false, text: '454 4.7.0 TLS not available' };
const why: NotTested = { kind: 'not-tested', because: 'x', end: { kind: 'not-connected' } };

function visit(changes: Partial<Visit> = {}): Visit {
  const { step: _, ...draft } = emptyDraft();
  return {
    connect: { kind: 'connected', ms: 1 },
    transcript: [],
    ...draft,
    clear: ['STARTTLS'],
    upgrade: { kind: 'secured', ms: 1 },
    tls: { ...tlsFacts, chain: chainFor() },
    inside: [],
    end: { kind: 'complete' },
    ...changes,
  };
}

function names(base: Visit, changes: Partial<QuestionTerms> = {}): string[] {
  return questionsFor(base, { ...terms, ...changes })
    .filter(({ isExtra }) => isExtra !== true)
    .flatMap(({ unasked }) => namesOf(unasked(why, {})));
}

function namesOf({ hello = {}, ...probes }: Probes): string[] {
  return [...Object.keys(hello).map((name) => `hello.${name}`), ...Object.keys(probes)];
}

const standard = [
  'injection',
  'hello.weakFirst',
  'otherKey',
  'hello.weakNamed',
  'hello.bestFirst',
  'upToTls12',
  'hello.old',
  'noServerName',
];
const withoutTls = { tls: null, inside: null, end: { kind: 'without-tls' } } as const;

describe('the questions', () => {
  it('at standard: the most telling first', () => assert.deepEqual(names(visit()), standard));

  it('deep: another name in EHLO and a foreign ALPN as well', () =>
    assert.deepEqual(names(visit(), { deep: true }), [...standard, 'otherHello', 'alpn']));

  it('deep and with consent: kept state and what leaves traces as well', () =>
    assert.deepEqual(names(visit(), { deep: true, intrusive: true }), [
      ...standard,
      'otherHello',
      'state',
      'alpn',
      'intrusive',
    ]));

  it('with consent alone, nothing that is deep', () =>
    assert.deepEqual(names(visit(), { intrusive: true }), standard));

  it('none about TLS 1.2 where there was no TLS 1.3', () => {
    const base = visit({ tls: { ...tlsFacts, version: 'TLSv1.2', chain: chainFor() } });
    assert.deepEqual(
      names(base),
      standard.filter((name) => name !== 'upToTls12' && name !== 'hello.bestFirst'),
    );
  });

  it('none without SNI where there was none to leave out', () => {
    const without = names(visit(), { named: false });
    assert.ok(!without.includes('noServerName'));
    const [, , , weakNamed] = questionsFor(visit(), { ...terms, named: false });
    assert.equal(weakNamed?.isOpen?.({}), false);
  });

  it('where the first handshake failed, whether that was its size, before older versions: what is answered then shows that a close was a no', () => {
    const base = visit({
      ...withoutTls,
      upgrade: { kind: 'handshake-failed', because: 'x', alert: null, closed: true, ms: 1 },
    });
    const asked = questionsFor(base, terms).flatMap(({ unasked }) => namesOf(unasked(why, {})));
    const [retry, large, old] = ['hello.retry', 'hello.large', 'hello.old'].map((name) =>
      asked.indexOf(name),
    );
    assert.ok(retry !== undefined && retry > 0, String(asked));
    assert.deepEqual([large, old], [retry + 1, retry + 2], String(asked));
  });

  it('none that a hello of our own has answered already', () => {
    const left = (hello: HelloProbes): readonly string[] =>
      questionsFor(visit(), terms)
        .filter(({ isExtra, isOpen }) => isExtra !== true && isOpen?.({ hello }) !== false)
        .flatMap(({ unasked }) => namesOf(unasked(why, {})))
        .filter((name) => !['injection', 'hello.weakFirst', 'otherKey'].includes(name));
    const same = { chain: chainFor(), couldSpeak: 0x0304 };
    assert.deepEqual(left({ weakFirst: agreed(same) }), ['hello.old']);
    assert.deepEqual(left({ weakFirst: agreed({ ...same, suite: 0x2f }) }), ['hello.bestFirst', 'hello.old']);
    // It may have no version, no suite, or nothing for the nameless.
    for (const weakFirst of [helloRefused(70), helloRefused(null), helloRefused(112)])
      assert.ok(left({ weakFirst }).includes('hello.weakNamed'));
    const weakFirst = helloRefused(70);
    assert.deepEqual(left({ weakFirst, weakNamed: weakFirst }).slice(1), ['noServerName']);
    assert.deepEqual(left({ weakFirst: helloRefused(112), weakNamed: agreed() }).slice(1), ['hello.old']);
    // A default server of TLS 1.3 only has something for the nameless all the same.
    assert.deepEqual(left({ weakFirst, weakNamed: agreed() }).slice(1), ['hello.old', 'noServerName']);
    assert.deepEqual(left({ weakFirst, weakNamed: helloRefused(40) }).slice(1), [
      'upToTls12',
      'hello.old',
      'noServerName',
    ]);
  });

  it('none about the other key where no certificate was shown', () =>
    assert.ok(!names(visit({ tls: { ...tlsFacts, chain: [] } })).includes('otherKey')));

  it('TLS at once: nothing can be said before it', () =>
    assert.deepEqual(names(visit({ upgrade: { kind: 'implicit' } }), { startTls: false, deep: true }), [
      'hello.weakFirst',
      'otherKey',
      'hello.weakNamed',
      'hello.bestFirst',
      'upToTls12',
      'hello.old',
      'noServerName',
      'alpn',
    ]));

  it('without STARTTLS nothing more, but for another name', () => {
    const base = visit({ ...withoutTls, upgrade: { kind: 'not-offered', because: 'x' } });
    assert.deepEqual(names(base), []);
    assert.deepEqual(names(base, { deep: true }), ['otherHello']);
  });

  it('behind a failed handshake other hellos', () => {
    const base = visit({
      ...withoutTls,
      upgrade: { kind: 'handshake-failed', because: 'x', alert: null, ms: 1 },
    });
    assert.deepEqual(names(base), ['hello.weakFirst', 'hello.weakNamed', 'upToTls12', 'hello.old']);
  });

  it('all of them where the first connection came to no end, each with the reason', () => {
    const end: VisitEnd = { kind: 'throttled', at: 'greeting', answer };
    const base = visit({ tls: null, inside: null, clear: null, upgrade: { kind: 'not-reached' }, end });
    assert.deepEqual(
      names(base),
      standard.filter((name) => name !== 'hello.bestFirst'),
    );
    for (const question of questionsFor(base, terms))
      if (question.isExtra !== true) assert.deepEqual(hindrance(base, question)?.end, end);
  });
});

describe('the hindrance', () => {
  const smaller = { isSmaller: true } as const;
  const usual = {};
  const open = { tls: null, inside: null, upgrade: { kind: 'not-reached' } } as const;

  it('none behind a visit that came to its end', () => assert.equal(hindrance(visit(), usual), undefined));

  it('none behind a server without TLS', () =>
    assert.equal(
      hindrance(visit({ ...withoutTls, upgrade: { kind: 'refused', answer } }), usual),
      undefined,
    ));

  it('a server that hangs, but for the smaller hello where it hangs at the large one', () => {
    const hung = visit({ ...open, end: { kind: 'timeout', at: 'handshake', ms: 1 } });
    assert.equal(hindrance(hung, usual)?.kind, 'not-tested');
    assert.equal(hindrance(hung, smaller), undefined);
    const elsewhere = visit({ ...open, end: { kind: 'timeout', at: 'greeting', ms: 1 } });
    assert.equal(hindrance(elsewhere, smaller)?.kind, 'not-tested');
    assert.equal(
      hindrance(visit({ end: { kind: 'timeout', at: 'inside', ms: 1 } }), usual)?.kind,
      'not-tested',
    );
  });

  it('for what is told by counting answers, a server that is out of step anyway', () => {
    const broken = visit({ end: { kind: 'broken', at: 'again', because: 'mx.test spoke out of turn' } });
    assert.equal(hindrance(broken, { isCounted: true })?.because, 'mx.test spoke out of turn');
    assert.equal(hindrance(broken, usual), undefined);
    const counted = questionsFor(visit(), { ...terms, deep: true, intrusive: true })
      .filter(({ isCounted }) => isCounted === true)
      .flatMap(({ unasked }) => Object.keys(unasked(why, {})));
    assert.deepEqual(counted, ['injection', 'state']);
  });

  for (const kind of ['throttled', 'blocked'] as const) {
    it(`${kind}, also inside TLS`, () =>
      assert.equal(hindrance(visit({ end: { kind, at: 'inside', answer } }), usual)?.kind, 'not-tested'));
  }
});

describe('the answers', () => {
  /** Asks the question of that name, whose visit comes to what is given. */
  async function asked(
    name: keyof Probes,
    came: Visit,
    base: Visit = visit(),
    changes: Partial<QuestionTerms> = {},
  ): Promise<{ probes: Probes; knocks: readonly Knock[] }> {
    const knocks: Knock[] = [];
    const knocking: Knocking = {
      visit: async (knock) => {
        knocks.push(knock);
        knock.helloName?.('2001:db8::7%eth0');
        return came;
      },
      talk: () => assert.fail('it is asked by a visit'),
      hello: () => assert.fail('it is asked by a visit'),
    };
    const question = questionsFor(base, { ...terms, deep: true, ...changes }).find(({ unasked }) =>
      Object.hasOwn(unasked(why, {}), name),
    );
    assert.ok(question !== undefined);
    return { probes: (await question.ask(knocking, {})).probes, knocks };
  }

  it('a handshake: secured, failed, or not offered this time', async () => {
    const notOffered = visit({ ...withoutTls, upgrade: { kind: 'not-offered', because: 'x' } });
    const { upToTls12: secured } = (await asked('upToTls12', visit())).probes;
    assert.ok(secured?.kind === 'seen' && secured.result === 'secured');
    assert.deepEqual((await asked('upToTls12', notOffered)).probes.upToTls12, {
      kind: 'seen',
      result: 'not-offered',
    });
  });

  it('a handshake that failed: whose word that is', async () => {
    for (const [alert, closed, by] of [
      ['protocol version', false, { kind: 'alert', alert: 'protocol version' }],
      [null, true, { kind: 'closed' }],
      [null, false, { kind: 'own' }],
    ] as const) {
      const upgrade = { kind: 'handshake-failed', because: 'of the test', alert, closed, ms: 1 } as const;
      const { probes } = await asked('upToTls12', visit({ ...withoutTls, upgrade }));
      assert.deepEqual(probes.upToTls12, { kind: 'seen', result: 'failed', because: 'of the test', by });
    }
  });

  it('not tested: refused for now, sent away, hung', async () => {
    const refused = visit({ ...withoutTls, upgrade: { kind: 'refused', answer } });
    assert.deepEqual((await asked('upToTls12', refused)).probes.upToTls12, {
      kind: 'not-tested',
      because: 'it answered STARTTLS with 454 4.7.0 TLS not available',
      end: { kind: 'without-tls' },
    });
    const hung = visit({
      tls: null,
      inside: null,
      upgrade: { kind: 'not-reached' },
      end: { kind: 'timeout', at: 'handshake', ms: 5_000 },
    });
    const { upToTls12 } = (await asked('upToTls12', hung)).probes;
    assert.ok(upToTls12?.kind === 'not-tested');
    assert.match(upToTls12.because, /in the handshake of TLS$/);
  });

  for (const [has, wanted] of [
    ['p256', 'rsa'],
    ['ed25519', 'rsa'],
    ['rsa2048', 'ecdsa'],
  ] as const) {
    it(`the other key than ${has} is ${wanted}`, async () => {
      const base = visit({ tls: { ...tlsFacts, chain: chainFor({ key: has }) } });
      const { probes, knocks } = await asked('otherKey', visit(), base);
      assert.deepEqual(knocks, [{ hello: wanted }]);
      assert.ok(probes.otherKey?.kind === 'seen');
      assert.equal(probes.otherKey.key, wanted);
    });
  }

  it('another name in EHLO is our address (RFC 5321 §4.1.3)', async () => {
    const { probes } = await asked('otherHello', visit());
    assert.deepEqual(probes.otherHello, {
      kind: 'seen',
      helloName: '[IPv6:2001:db8::7]',
      clear: ['STARTTLS'],
    });
  });

  it('with another name a foreign ALPN is offered at once, which is not asked again then', async () => {
    const { probes, knocks } = await asked('otherHello', visit({ tls: { ...tlsFacts, alpn: null } }));
    assert.deepEqual(knocks[0]?.alpn, ['http/1.1']);
    assert.deepEqual(probes.alpn, { kind: 'seen', offered: 'http/1.1', agreed: null });
    const isAsked = (answered: Probes): boolean =>
      questionsFor(visit(), { ...terms, deep: true }).some(
        ({ unasked, isOpen }) => 'alpn' in unasked(why, {}) && isOpen?.(answered) !== false,
      );
    assert.deepEqual([isAsked(probes), isAsked({})], [false, true]);
    // STARTTLS is not offered to that name: how the handshake would be is not known.
    const hidden = visit({ ...withoutTls, upgrade: { kind: 'not-offered', because: 'x' } });
    assert.deepEqual(Object.keys((await asked('otherHello', hidden)).probes), ['otherHello']);
  });

  it('no ALPN with another name where no handshake comes about anyway', async () => {
    const failing = visit({
      ...withoutTls,
      upgrade: { kind: 'handshake-failed', because: 'x', alert: null, ms: 1 },
    });
    const { probes, knocks } = await asked('otherHello', failing, failing);
    assert.deepEqual([Object.keys(probes), knocks[0]?.alpn], [['otherHello'], undefined]);
  });

  it('of one that says its address already, another name is localhost', async () => {
    const { probes } = await asked('otherHello', visit(), visit(), { helloName: '[192.0.2.7]' });
    assert.ok(probes.otherHello?.kind === 'seen');
    assert.equal(probes.otherHello.helloName, 'localhost');
  });

  it('ALPN: agreed to, passed over, or refused', async () => {
    const taken = visit({ tls: { ...tlsFacts, alpn: 'http/1.1' } });
    assert.deepEqual((await asked('alpn', taken)).probes.alpn, {
      kind: 'seen',
      offered: 'http/1.1',
      agreed: 'http/1.1',
    });
    const refused = visit({
      ...withoutTls,
      upgrade: {
        kind: 'handshake-failed',
        because: 'no application protocol',
        alert: 'no application protocol',
        ms: 1,
      },
    });
    assert.deepEqual((await asked('alpn', refused)).probes.alpn, {
      kind: 'seen',
      refused: 'no application protocol',
      by: { kind: 'alert', alert: 'no application protocol' },
    });
  });

  it('a foreign ALPN with another name, where it is closed at without a word, is asked for by itself', async () => {
    const closing = visit({
      ...withoutTls,
      upgrade: { kind: 'handshake-failed', because: 'x', alert: null, closed: true, ms: 1 },
    });
    assert.deepEqual(Object.keys((await asked('otherHello', closing)).probes), ['otherHello']);
  });
});
