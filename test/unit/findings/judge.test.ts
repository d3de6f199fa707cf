import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findingStates, severities } from '../../../src/findings/check.ts';
import { judgeRecording } from '../../../src/findings/judge.ts';
import type { Observation } from '../../../src/findings/observation.ts';
import type { Recording } from '../../../src/findings/recording.ts';
import { nameOf } from '../../support/destinations.ts';
import { notConnected, now, observe, sentAway, withoutStarttls } from '../../support/observations.ts';

const target = {
  kind: 'host',
  host: nameOf('mx1.example.test'),
  port: 25,
  protocol: 'smtp',
  tls: 'starttls',
} as const;

function recordingOf(observations: readonly Observation[], change: Partial<Recording> = {}): Recording {
  return {
    target: { kind: 'address', address: '192.0.2.1', port: 25, protocol: 'smtp', tls: 'starttls' },
    startedAt: now,
    durationMs: 100,
    depth: 'standard',
    intrusive: false,
    answers: [],
    fetched: [],
    recalled: [],
    observations,
    skipped: [],
    withoutConsent: [],
    ...change,
  };
}

const anonymous = { serverName: null } as const;

describe('the judgement', () => {
  it('has the worst first, and evidence for each', () => {
    const { findings } = judgeRecording(
      recordingOf([observe({ endpoint: anonymous, base: withoutStarttls() })]),
      now,
    );
    const ranks = findings.map(({ severity }) => severities.indexOf(severity));
    assert.deepEqual(
      ranks,
      ranks.toSorted((a, b) => a - b),
    );
    assert.ok(findings.length > 3);
    for (const { id, evidence, state } of findings) {
      assert.ok(evidence.length > 0, `${id} has no evidence`);
      assert.ok(findingStates.includes(state));
    }
    const first = findings.find(({ state }) => state === 'fail');
    assert.equal(first?.id, 'starttls.not-offered');
  });

  const silent: [what: string, observation: Observation][] = [
    ['a server that cannot be reached', observe({ endpoint: anonymous, base: notConnected('timeout') })],
    ['one that sends us away', observe({ endpoint: anonymous, base: sentAway('throttled') })],
    ['one that has us blocked', observe({ endpoint: anonymous, base: sentAway('blocked') })],
  ];
  for (const [what, observation] of silent) {
    it(`says nothing of the TLS of ${what}: could not test is not-tested`, () => {
      const { findings } = judgeRecording(recordingOf([observation]), now);
      const ofTls = findings.filter(({ id }) => /^(starttls|tls|cert)\./.test(id));
      assert.deepEqual(
        ofTls.filter(({ state }) => state !== 'not-tested').map(({ id, state }) => [id, state]),
        [],
      );
      assert.ok(findings.some(({ state, id }) => state === 'not-tested' && id.startsWith('conn.')));
    });
  }

  it('never calls absent what was not asked: of an empty recording nothing is known', () => {
    const { findings, theCase } = judgeRecording(recordingOf([], { target }), now);
    assert.equal(theCase.facts?.hosts[0]?.facts.kind, 'unknown');
    assert.deepEqual(
      findings.filter(({ state }) => state === 'absent' || state === 'fail').map(({ id }) => id),
      [],
    );
  });

  it('simulates senders by the same case', () => {
    const { simulation } = judgeRecording(recordingOf([observe({ endpoint: anonymous })]), now);
    assert.equal(simulation.outcomes['postfix-may']?.outcome, 'encrypted');
  });
});
