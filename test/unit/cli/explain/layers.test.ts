import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExplainedLayer, layersOf } from '../../../../src/cli/explain/layers.ts';
import type { Rule } from '../../../../src/policies/overrides/rule.ts';
import type { Promotion } from '../../../../src/policies/report-only/promotion.ts';
import { DOMAIN, factsOf } from '../../../support/destinations.ts';
import { explained, samples } from './samples.ts';

function layer(name: keyof typeof samples, wanted: ExplainedLayer['layer']): ExplainedLayer {
  const found = layersOf(samples[name]).find((one) => one.layer === wanted);
  assert.ok(found !== undefined);
  return found;
}

type Case = [sample: keyof typeof samples, state: ExplainedLayer['state'], says: RegExp];

function states(wanted: ExplainedLayer['layer'], cases: readonly Case[]): void {
  describe(wanted, () => {
    for (const [name, state, says] of cases) {
      it(`${name}: ${state}`, () => {
        const one = layer(name, wanted);
        assert.equal(one.state, state);
        assert.match(one.says, says);
        assert.notEqual(one.because, '');
      });
    }
  });
}

states('override', [
  ['plain', 'absent', /^nothing$/],
  ['nextHop', 'absent', /^nothing$/],
  ['loweredByOverride', 'found', /\(may\)$/],
  ['loweredByRoute', 'found', /^nothing, and TLS is not even tried \(off\)$/],
  ['authenticateByRoute', 'found', /\(authenticate\)$/],
]);

describe('a [[rule]] for the domain', () => {
  const rule: Rule = {
    account: null,
    from: null,
    to: { kind: 'domain', domain: DOMAIN },
    tls: 'encrypt',
    onBlocked: null,
  };
  const ruledBy = (name: keyof typeof samples): ExplainedLayer | undefined => {
    const sample = samples[name];
    const rules = { ...sample.rules, ruled: { level: 'encrypt', rule } } as const;
    return layersOf({ ...sample, rules }).find(({ layer: one }) => one === 'override');
  };

  it('is what the operator says', () => {
    const said = ruledBy('plain');
    assert.equal(said?.says, 'TLS, with whatever certificate (encrypt)');
    assert.equal(said.because, 'the rule for mail to example.test says so');
    assert.deepEqual(said.evidence, ['the rule for mail to example.test: encrypt']);
  });

  it('stands over a route, and below an override', () => {
    assert.match(ruledBy('authenticateByRoute')?.evidence.join() ?? '', /which the \[\[rule\]\] outranks/);
    assert.match(ruledBy('loweredByOverride')?.says ?? '', /\(may\)$/);
    assert.match(
      ruledBy('loweredByOverride')?.evidence.join() ?? '',
      /: encrypt, which the override outranks/,
    );
  });
});

states('dane', [
  ['dane', 'found', /^TLS, and a certificate that matches a TLSA record of the host$/],
  ['mixed', 'found', / \(at 1 of 2 mail hosts\)$/],
  ['unusable', 'found', /^TLS, with whatever certificate/],
  ['signedPlain', 'absent', /^nothing$/],
  ['noAddress', 'absent', /^nothing$/],
  ['nullMx', 'absent', /^nothing$/],
  ['literal', 'absent', /^nothing$/],
  ['tlsaBogus', 'unknown', /^no mail to mx1\.example\.test/],
  ['addressUnanswered', 'unknown', /^nothing of mx1\.example\.test/],
  ['mxBogus', 'unknown', /^nothing, as nothing could be learnt$/],
  ['tlsaUnanswered', 'found', /\(at 1 of 2 mail hosts\); no mail to mx\.provider\.test/],
  ['addressBogus', 'found', /\(at 1 of 2 mail hosts\); nothing of mx1\.example\.test/],
]);

states('sts', [
  ['plain', 'absent', /^nothing$/],
  ['recordInvalid', 'absent', /^nothing$/],
  ['literal', 'absent', /^nothing$/],
  ['enforced', 'found', /^only the hosts mx1\.example\.test, .*\(mode enforce\)$/],
  ['testing', 'found', /^nothing for now \(mode testing\); with enforce: only the hosts other/],
  ['modeNone', 'found', /^nothing \(mode none\)$/],
  ['recordUnknown', 'unknown', /^nothing, as the policy could not be learnt$/],
  ['webPkiInvalid', 'unknown', /^nothing, as the policy could not be learnt$/],
]);

states('default', [
  ['plain', 'found', /\(may\)$/],
  ['encryptByDefault', 'found', /\(encrypt\)$/],
]);

states('memory', [
  ['plain', 'absent', /^nothing$/],
  ['fallenShort', 'found', /^TLS, with whatever certificate \(encrypt\)$/],
  [
    'onlyObserved',
    'found',
    /^nothing \(mode observe\); with enforce: TLS, with whatever certificate \(encrypt\)$/,
  ],
]);

describe('a promoted level', () => {
  const promotion: Promotion = {
    domain: DOMAIN,
    level: 'encrypt',
    setAt: 0,
    until: 86_400_000,
    reason: 'seen',
    mostBlocked: 0,
    blocked: 0,
    endedAt: null,
    endedBecause: null,
  };

  it('is the word of an operator', () => {
    const [said] = layersOf(explained({ ...factsOf(), promotion }));
    assert.deepEqual(said, {
      layer: 'override',
      state: 'found',
      says: 'TLS, with whatever certificate (encrypt)',
      because: 'an operator has promoted the level until 1970-01-02T00:00:00Z, which only raises: seen',
      evidence: ['it was set at 1970-01-01T00:00:00Z'],
    });
  });
});

describe('what is said of a layer', () => {
  it('the memory: what was seen of each host, and what falls short of it', () => {
    const { because, evidence } = layer('fallenShort', 'memory');
    assert.match(
      because,
      /^mail for example\.test has gone over TLS to mx1\.example\.test in each session since/,
    );
    assert.match(
      evidence[0] ?? '',
      /^mx1\.example\.test, over TLS: 10 sessions from .*; not so in 4 since then, from .*: expected$/,
    );
    assert.match(evidence[1] ?? '', /^all hosts, over TLS: .*: too little is known to expect it$/);
    assert.equal(layer('plain', 'memory').because, '[memory] mode is off');
  });

  it('an override: until when, why, since when, and the rule that it outranks', () => {
    const { because, evidence } = layer('loweredByOverride', 'override');
    assert.equal(because, 'an operator has said so for example.test until 2026-11-30T12:00:00Z: of the test');
    assert.deepEqual(evidence, ['it was set at 1970-01-01T00:00:00Z']);
    assert.deepEqual(layer('login', 'override').evidence.slice(1), [
      'the rule for everything: to smtps://example.test:465, with the level encrypt, which the override outranks',
    ]);
  });

  it('the default level: its value and where it comes from', () => {
    assert.equal(layer('plain', 'default').because, 'relay.tls is may, as nothing sets it');
  });

  it('MTA-STS: how long a policy holds that was just fetched', () => {
    const ends = 'it holds until 2026-12-04T12:00:00Z';
    assert.deepEqual(layer('firstPolicy', 'sts').evidence.slice(-1), [ends]);
    assert.doesNotMatch(layer('enforced', 'sts').evidence.join(), /it holds until/);
  });

  it('DANE: the evidence of every host', () => {
    assert.deepEqual(layer('tlsaUnanswered', 'dane').evidence, [
      'of the test: unknown',
      'of the test: usable',
    ]);
  });

  it('a long policy is cut short', () => {
    const { says } = layer('notListed', 'sts');
    assert.match(says, /^only the hosts other\.example\.test, \*\.example\.net, over TLS/);
  });
});
