/** Where the DNS itself cannot be learnt, no domain is to blame. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem } from '../../../src/findings/finding.ts';
import { groundOf } from '../../../src/findings/ground.ts';
import { allFindings, judgeRecording } from '../../../src/findings/judge.ts';
import { nameOf } from '../../support/destinations.ts';
import { now } from '../../support/observations.ts';
import { type Scene, stage } from '../../support/scenes.ts';

const host = {
  kind: 'host',
  host: nameOf('mail.example.test'),
  port: 25,
  protocol: 'smtp',
  tls: 'starttls',
} as const;

function judged(scene: Scene): readonly string[] {
  const staged = stage({ observations: [], ...scene });
  staged.run(allFindings(staged.theCase));
  const { findings, simulation } = judgeRecording(staged.recording, now);
  const outcomes = new Set(Object.values(simulation.outcomes).map(({ outcome }) => outcome));
  const problems = findings.filter((one) => isProblem(one) && one.severity !== 'info').map(({ id }) => id);
  return [[...outcomes].join(), problems.join()];
}

describe('a domain whose MX records cannot be learnt', () => {
  it('waits where the root answers: that is what other senders will see', () => {
    const [outcomes] = judged({ zone: { 'example.test MX': 'unknown', '. SOA': ['. . 1 1 1 1 1'] } });
    assert.equal(outcomes, 'deferred');
  });

  it('is not judged where nobody answers for the root either', () => {
    const zone = { 'example.test MX': 'unknown', '. SOA': 'unknown' } as const;
    assert.deepEqual(judged({ zone })[0], 'unknown');
    const { theCase, run } = stage({ zone, observations: [] });
    const [failed] = run(allFindings(theCase)).filter(({ id }) => id === 'dns.servfail');
    assert.equal(`${failed?.state} ${failed?.severity}`, 'not-tested critical');
    assert.match(failed?.evidence.join(' ') ?? '', /nobody answers even for the root of the DNS/);
    assert.deepEqual(
      failed?.fix.map(({ who }) => who),
      ['tester'],
    );
  });
});

describe('RFC 4035 §4.3: a domain whose records are bogus', () => {
  it('is at fault where the root is proven', () => {
    const [outcomes, problems] = judged({
      zone: { 'example.test MX': 'bogus', '. SOA': ['. . 1 1 1 1 1'] },
    });
    assert.equal(outcomes, 'deferred');
    assert.match(problems ?? '', /dnssec\.bogus/);
  });

  it('is not where the root itself is bogus: our trust anchor, clock or resolver may be', () => {
    for (const target of [undefined, host]) {
      const zone = {
        'example.test MX': 'bogus',
        'mail.example.test A': 'bogus',
        'mail.example.test AAAA': 'bogus',
        '. SOA': 'bogus',
      } as const;
      const scene: Scene = { zone, observations: [], ...(target === undefined ? {} : { target }) };
      assert.equal(judged(scene)[0], 'unknown');
      const { theCase, run } = stage(scene);
      const found = run(allFindings(theCase)).filter(({ id }) => /^(dnssec|dns|conn|mx)\./.test(id));
      assert.deepEqual(
        found.filter((one) => isProblem(one)),
        [],
      );
      const [bogus] = found.filter(({ id }) => id === 'dnssec.bogus');
      assert.equal(`${bogus?.state} ${bogus?.severity}`, 'not-tested critical');
      assert.match(bogus?.fix[0]?.do ?? '', /trust anchor/);
    }
  });
});

it('where everything was learnt, the root is not asked for', () => {
  const { theCase } = stage({
    zone: { 'example.test MX': ['10 mx1.example.test.'], 'mx1.example.test A': ['192.0.2.1'] },
  });
  assert.deepEqual(groundOf(theCase.facts).next(), { done: true, value: { kind: 'firm' } });
});
