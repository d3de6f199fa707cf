import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { counting, exitCodeOf, nothingYet } from '../../../../src/cli/check/exit-code.ts';
import { toReport } from '../../../../src/cli/check/json.ts';
import { everyCheck, type Selection } from '../../../../src/cli/check/selection.ts';
import { type CheckReport, checkReportSchema } from '../../../../src/events/check-report.ts';
import { severities } from '../../../../src/findings/check.ts';
import { judgeAhead } from '../../../../src/findings/future.ts';
import { builtIn } from '../../../../src/findings/profiles/built-in.ts';
import { mtaStsReady } from '../../../../src/findings/profiles/mta-sts-ready.ts';
import type { Profile, Test } from '../../../../src/findings/profiles/profile.ts';
import { chainFor, observe, tlsSeen, withoutStarttls } from '../../../support/observations.ts';
import { checked, demanding, goodScene, wellSeen } from '../../../support/profiles.ts';
import type { Scene } from '../../../support/scenes.ts';

interface Asked {
  readonly profile?: Profile;
  readonly selection?: Selection;
  /** Milliseconds since 1970. */
  readonly failAt?: number;
}

function reportOf(scene: Scene, { profile, selection = everyCheck, failAt }: Asked): CheckReport {
  const { recording, judged } = checked(scene);
  const foreseen =
    failAt === undefined ? null : { until: failAt, events: [], judged: judgeAhead(recording, failAt) };
  return toReport({ recording, judged, foreseen, selection, ...(profile === undefined ? {} : { profile }) });
}

const broken = goodScene({ observations: [observe({ base: withoutStarttls() })] });

describe('the section of a profile', () => {
  it('is only there with one', () => {
    assert.ok(!('profile' in reportOf(goodScene(), {})));
  });

  for (const profile of builtIn) {
    it(`of ${profile.name} is as the schema says, whatever was seen`, () => {
      for (const scene of [goodScene(), broken]) {
        const report = reportOf(scene, { profile });
        assert.deepEqual(checkReportSchema.parse(JSON.parse(JSON.stringify(report))), report);
        assert.equal(report.profile?.name, profile.name);
        assert.equal(report.profile?.requirements.length, profile.requirements.length);
      }
    });
  }

  it('has one state: what is not met, then what is not tested, then met', () => {
    const stateOf = (profile: Profile, scene: Scene): string | undefined =>
      reportOf(scene, { profile }).profile?.state;
    assert.equal(stateOf(mtaStsReady, goodScene()), 'met');
    assert.equal(stateOf(mtaStsReady, broken), 'not-met');
    assert.equal(stateOf(mtaStsReady, goodScene({ observations: [observe()] })), 'not-tested');
    assert.equal(stateOf(demanding({ kind: 'outside', because: 'x' }), goodScene()), 'not-applicable');
  });

  it('is the same with --only, which limits findings', () => {
    const selection: Selection = (id) => id.startsWith('spf.');
    const [some, all] = [
      reportOf(broken, { profile: mtaStsReady, selection }),
      reportOf(broken, { profile: mtaStsReady }),
    ];
    assert.deepEqual(some.profile, all.profile);
    assert.ok(some.findings.length < all.findings.length);
  });

  it('says with --fail-at what will hold then', () => {
    const { now } = checked(goodScene()).judged.theCase;
    const failAt = now + 100 * 24 * 3600 * 1000;
    const requirements = reportOf(goodScene(), { profile: mtaStsReady, failAt }).profile?.requirements ?? [];
    const certificate = requirements.find(({ id }) => id === 'certificate');
    assert.deepEqual([certificate?.state, certificate?.ahead], ['met', 'not-met']);
    const today = reportOf(goodScene(), { profile: mtaStsReady }).profile?.requirements ?? [];
    assert.ok(today.every(({ ahead }) => ahead === null));
  });
});

describe('findings under a profile', () => {
  it('have its severities, the worst first', () => {
    const profile: Profile = {
      ...demanding({ kind: 'fact', fact: 'starttls' }),
      severities: { spf: 'critical', starttls: 'low' },
    };
    const { findings } = reportOf(broken, { profile });
    const of = (id: string): string | undefined => findings.find((one) => one.id === id)?.severity;
    assert.equal(of('starttls.not-offered'), 'low');
    assert.equal(of('spf.missing'), 'critical');
    const ranks = findings.map(({ severity }) => severities.indexOf(severity));
    assert.deepEqual(
      ranks,
      ranks.toSorted((a, b) => a - b),
    );
  });
});

describe('the exit code under a profile', () => {
  const codeOf = (test: Test, scene: Scene, change: Partial<Profile> = {}, failAt?: number): number => {
    const profile = { ...demanding(test), ...change };
    return exitCodeOf(
      counting(nothingYet, reportOf(scene, { profile, ...(failAt === undefined ? {} : { failAt }) }), 'high'),
    );
  };
  const met: Test = { kind: 'fact', fact: 'dmarc-reject' };
  const starttls: Test = { kind: 'fact', fact: 'starttls' };
  const untested: Test = { kind: 'findings', ids: ['tls.nonesuch'] };

  it('is 1 where a requirement is not met, 3 where it could not be tested, else 0', () => {
    assert.equal(codeOf(starttls, broken), 1);
    assert.equal(codeOf(untested, goodScene()), 3);
    assert.equal(codeOf(met, goodScene()), 0);
    const outside = reportOf(goodScene(), { profile: demanding({ kind: 'outside', because: 'x' }) });
    assert.equal(exitCodeOf(counting(nothingYet, { ...outside, findings: [] }, 'info')), 0);
  });

  it("counts no finding that is not the profile's concern, however bad", () => {
    assert.equal(codeOf(met, broken), 0);
    assert.equal(codeOf(met, broken, { others: 'count' }), 1);
    assert.equal(codeOf(met, broken, { severities: { starttls: 'high' } }), 1);
    assert.equal(codeOf(met, broken, { severities: { starttls: 'medium' } }), 0);
  });

  it('goes by the severity of the requirement', () => {
    const low = demanding(starttls).requirements.map((one) => ({ ...one, severity: 'low' as const }));
    assert.equal(codeOf(starttls, broken, { requirements: low }), 0);
  });

  it('is 3 where what is merely on its way out was found, and what may be worse could not be looked at', () => {
    const keys: Test = {
      kind: 'levels',
      facet: 'key',
      table: { good: ['EC *'], 'phase-out': ['RSA*'] },
      least: 'sufficient',
      phaseOut: 'low',
    };
    const rsa = { base: { tls: tlsSeen({ chain: chainFor({ key: 'rsa2048' }) }) } };
    const all = wellSeen(rsa);
    assert.equal(codeOf(keys, goodScene({ observations: [all] })), 0);
    assert.equal(codeOf(keys, goodScene({ observations: [observe(rsa)] })), 3);
    assert.equal(codeOf(keys, broken), 0);
  });

  it('counts what will not hold at --fail-at', () => {
    const { now } = checked(goodScene()).judged.theCase;
    const webPki: Test = { kind: 'fact', fact: 'web-pki' };
    assert.equal(codeOf(webPki, goodScene()), 0);
    assert.equal(codeOf(webPki, goodScene(), {}, now + 100 * 24 * 3600 * 1000), 1);
  });
});
