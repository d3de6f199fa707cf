import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toExplanation } from '../../../../src/cli/explain/explanation.ts';
import { type Explanation, explanationSchema } from '../../../../src/events/explanation.ts';
import { byMx, factsOf, hostWith } from '../../../support/destinations.ts';
import { explained, samples } from './samples.ts';

const MX = 'mx1.example.test';
const of = (name: keyof typeof samples): Explanation => toExplanation(samples[name]);

describe('an explanation', () => {
  for (const [name, sample] of Object.entries(samples)) {
    it(`${name} is as the schema says`, () => {
      const explanation = toExplanation(sample);
      assert.deepEqual(explanationSchema.parse(JSON.parse(JSON.stringify(explanation))), explanation);
      const layers = explanation.layers.map(({ layer }) => layer);
      const { finding } = sample;
      const isUsed = finding.kind !== 'address' && finding.facts.list !== undefined;
      const list = isUsed ? ['list'] : [];
      assert.deepEqual(layers, ['override', 'dane', 'sts', ...list, 'memory', 'default']);
    });
  }

  it('has the decision of the relay', () => {
    const decisions: [keyof typeof samples, Explanation['decision'], Explanation['by']][] = [
      ['dane', 'deliver', 'dane'],
      ['halfDane', 'deliver', 'dane'],
      ['mixed', 'deliver', 'dane'],
      ['tlsaBogus', 'defer', 'dane'],
      ['enforced', 'deliver', 'sts'],
      ['notListed', 'defer', 'sts'],
      ['testing', 'deliver', 'default'],
      ['plain', 'deliver', 'default'],
      ['loweredByOverride', 'deliver', 'override'],
      ['login', 'defer', 'override'],
      ['literal', 'deliver', 'default'],
      // Here no layer decides.
      ['mxBogus', 'defer', null],
      ['nullMx', 'refuse', null],
      ['noSuchDomain', 'refuse', null],
      ['implicitNothing', 'refuse', null],
      ['noAddress', 'defer', null],
      ['addressUnanswered', 'defer', null],
    ];
    for (const [name, decision, by] of decisions) {
      const explanation = of(name);
      assert.deepEqual([explanation.decision, explanation.by], [decision, by], name);
    }
  });

  it('tells a policy that forbids every host from what could not be learnt', () => {
    assert.equal(of('notListed').forbidden, true);
    for (const name of ['tlsaBogus', 'mxBogus', 'noAddress', 'plain'] as const)
      assert.equal(of(name).forbidden, false, name);
  });

  it('has the code of a refusal', () => {
    assert.equal(of('noSuchDomain').status, '5.1.2');
    assert.equal(of('nullMx').status, '5.1.10');
    assert.equal(of('implicitNothing').status, '5.4.4');
    assert.equal(of('plain').status, null);
  });

  it('says how it came that these are the hosts', () => {
    const ways = (['dane', 'implicit', 'nextHop', 'literal', 'nullMx', 'mxBogus'] as const).map(
      (name) => of(name).way,
    );
    assert.deepEqual(
      ways.map(({ kind, dnssec }) => [kind, dnssec]),
      [
        ['mx', 'secure'],
        ['implicit', 'secure'],
        ['configured', null],
        ['address', null],
        ['null', null],
        ['unknown', null],
      ],
    );
  });

  it('counts MX hosts that are not tried', () => {
    const way = byMx('secure', MX, 'mx2.example.test', 'mx3.example.test');
    assert.equal(toExplanation(explained(factsOf({ way, hosts: [hostWith(MX, 'usable')] }))).way.further, 2);
  });

  it('says why an announced policy is not what decides', () => {
    const cases: [keyof typeof samples, RegExp][] = [
      ['plain', /the default level is may$/],
      ['testing', /may; the MTA-STS policy of example\.test is only being tried \(mode testing\)$/],
      ['modeNone', /may; the MTA-STS policy of example\.test asks for nothing \(mode none\)$/],
      ['fetchError', /may; example\.test announces an MTA-STS policy, but it cannot be had \(.*no answer\)$/],
      ['untrustedPolicyHost', /it cannot be had \(.*_SIGNATURE\), that is, an intermediate/],
      ['recordInvalid', /may; the MTA-STS record of example\.test cannot be used \(2 TXT records/],
      ['recordUnknown', /may; whether example\.test has an MTA-STS policy could not be learnt \(SERVFAIL\)$/],
      ['testingBesideDane', /^mx1\.example\.test publishes TLSA records: 3 1 1 [a-f0-9]+$/],
    ];
    for (const [name, because] of cases) assert.match(of(name).because, because, name);
  });

  it('names the next hop of a rule, and whether anything was kept', () => {
    assert.equal(of('login').route, 'smtps://example.test:465');
    assert.equal(of('nextHop').route, null);
    assert.deepEqual([of('dane').firstContact, of('halfDane').firstContact], [true, false]);
  });
});
