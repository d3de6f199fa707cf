import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { withoutOptions } from '../../../../src/cli/check/again.ts';
import { toReport } from '../../../../src/cli/check/json.ts';
import { readRecording } from '../../../../src/cli/check/recording.ts';
import { everyCheck } from '../../../../src/cli/check/selection.ts';
import { formatReport } from '../../../../src/cli/check/text.ts';
import { type CheckReport, checkReportSchema } from '../../../../src/events/check-report.ts';
import { finding } from '../../../../src/findings/finding.ts';
import { judgeRecording } from '../../../../src/findings/judge.ts';
import type { Recording } from '../../../../src/findings/recording.ts';
import { observe } from '../../../support/observations.ts';
import { anyRecording, at, recordingOf, unreachable } from './recordings.ts';
import { samples } from './samples.ts';

/** On one line, however long. */
const look = { width: 100_000, colour: false, unicode: true };

function reportOf(recording: Recording, selection = everyCheck, withoutRecording = false): CheckReport {
  const judged = judgeRecording(recording, recording.startedAt);
  return toReport({ recording, judged, foreseen: null, selection, withoutRecording });
}

describe('what a check came to, as JSON', () => {
  it('is as the schema says, whatever was recorded', () => {
    fc.assert(
      fc.property(anyRecording, (recording) => {
        const report = reportOf(recording);
        assert.deepEqual(checkReportSchema.parse(JSON.parse(JSON.stringify(report))), report);
      }),
      { numRuns: 30 },
    );
  });

  it('is the same without its recording, which is most of it', () => {
    const { recording, ...others } = reportOf(recordingOf());
    const compact = reportOf(recordingOf(), everyCheck, true);
    assert.deepEqual(compact, others);
    assert.notEqual(recording, undefined);
    assert.ok(!JSON.stringify(compact).includes('recording'));
    assert.ok(checkReportSchema.safeParse(compact).success);
  });

  it('has a recording by which it is judged the same again', () => {
    fc.assert(
      fc.property(anyRecording, (recording) => {
        const report = reportOf(recording);
        const again = readRecording(JSON.parse(JSON.stringify(report.recording)));
        assert.equal(again.kind, 'ok');
        if (again.kind === 'ok') assert.deepEqual(reportOf(again.value), report);
      }),
      { numRuns: 30 },
    );
  });

  const server = (
    change: Parameters<typeof observe>[0],
  ): CheckReport['hosts'][number]['endpoints'][number] => {
    const one = observe({ ...change, endpoint: { serverName: null, ...change?.endpoint } });
    const { address, port, protocol, tls } = one.endpoint;
    const report = reportOf(
      recordingOf({
        target: { kind: 'address', address, port, protocol, tls },
        recalled: [],
        observations: [one],
      }),
    );
    const [endpoint] = report.hosts[0]?.endpoints ?? [];
    assert.ok(endpoint !== undefined);
    return endpoint;
  };

  it('says of a door whether it was reached, and whether STARTTLS was offered', () => {
    const one = server({});
    assert.deepEqual([one.reachable, one.starttls, one.tls?.version], [true, true, 'TLSv1.3']);
    assert.equal(one.tls?.certificate?.names[0], 'mx1.example.test');
    assert.match(one.tls?.certificate?.sha256 ?? '', /^[0-9a-f]{64}$/);
  });

  it('does not say that STARTTLS is missing where it was not reached', () => {
    const upgrade = { kind: 'not-reached' } as const;
    const one = server({ base: { upgrade, tls: null, inside: null, again: null } });
    assert.deepEqual([one.starttls, one.tls], [null, null]);
    const none = server({ base: { upgrade: { kind: 'not-offered', because: 'x' }, tls: null } });
    assert.equal(none.starttls, false);
    assert.equal(server({ endpoint: { protocol: 'imap', tls: 'implicit', port: 993 } }).starttls, null);
  });

  it('says of a host that nobody could reach that it is not reachable, unless we have no way there', () => {
    assert.equal(reportOf(unreachable('192.0.2.1')).hosts[0]?.endpoints[0]?.reachable, false);
    const noRoute = { kind: 'failed', how: 'no-route', because: 'no way', ms: 1 } as const;
    assert.equal(server({ base: { connect: noRoute, tls: null } }).reachable, null);
  });

  it('sums up what was spent, and what it might have been', () => {
    const observations = [observe({ connections: 4 }), observe({ connections: 1 })];
    const { connections } = reportOf(recordingOf({ observations, depth: 'deep' }));
    assert.deepEqual(connections, { spent: 5, budget: 32 });
  });

  it('is a first contact where nothing was remembered of the domain', () => {
    assert.equal(reportOf(recordingOf()).firstContact, true);
    assert.equal(reportOf(unreachable('192.0.2.1')).firstContact, false);
  });

  it('has only what was chosen, and what is left to test by itself', () => {
    const recording = unreachable('192.0.2.1');
    const judged = judgeRecording(recording, at);
    const scope = { host: '192.0.2.1' };
    const [id] = judged.findings.map((one) => one.id);
    assert.ok(id !== undefined);
    const findings = [finding(id, 'not-tested', { scope, evidence: ['S: 421'], retryAt: at })];
    const whole = toReport({
      recording,
      judged: { ...judged, findings },
      foreseen: null,
      selection: everyCheck,
    });
    assert.deepEqual(whole.notTested, [
      { id, scope, because: 'S: 421', retryAt: '2026-11-28T18:00:00.000Z' },
    ]);
    const none = toReport({
      recording,
      judged: { ...judged, findings },
      foreseen: null,
      selection: () => false,
    });
    assert.deepEqual([none.findings, none.notTested], [[], []]);
  });

  it('has the verdict that people read, by a word of its own', () => {
    for (const recording of [recordingOf(), unreachable('192.0.2.1')]) {
      const whole = reportOf(recording);
      const text = formatReport(whole, { look, called: withoutOptions, isPart: false });
      assert.ok(text.startsWith(`${whole.target}: ${whole.verdict.text}`), text);
    }
    assert.equal(samples.good.verdict.kind, 'protected');
    assert.equal(samples.mismatch.verdict.kind, 'lost');
    assert.equal(samples.clear.verdict.kind, 'cleartext');
  });

  it('with --fail-at tells what is wrong then and is not wrong now', () => {
    const recording = unreachable('192.0.2.1');
    const judged = judgeRecording(recording, at);
    const [id] = judged.findings.map((one) => one.id);
    assert.ok(id !== undefined);
    const now = finding(id, 'fail', { scope: { host: 'a.test' }, evidence: ['now'] });
    const then = finding(id, 'fail', { scope: { host: 'b.test' }, evidence: ['then'] });
    const foreseen = { until: at, events: [], judged: { ...judged, findings: [now, then] } };
    const { future } = toReport({
      recording,
      judged: { ...judged, findings: [now] },
      foreseen,
      selection: everyCheck,
    });
    assert.deepEqual(
      future?.findings.map(({ scope }) => scope.host),
      ['b.test'],
    );
  });
});
