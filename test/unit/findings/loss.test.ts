/** What keeps all mail away is critical; where any of it arrives, and where none is meant to, nothing is made worse. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../../src/findings/finding.ts';
import { allFindings } from '../../../src/findings/judge.ts';
import { notConnected, observe, only } from '../../support/observations.ts';
import { type Scene, stage } from '../../support/scenes.ts';

const D = 'example.test';

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage({ observations: [], ...scene });
  return run(allFindings(theCase));
}

function severityOf(findings: readonly Finding[], id: string): string | undefined {
  return only(findings, id).find(({ state }) => state !== 'pass')?.severity;
}

const host = { [`${D} MX`]: ['10 mx1.example.test.'], 'mx1.example.test A': ['192.0.2.1'] };

describe('where no kind of sender can deliver', () => {
  it('the only mail host that refuses is critical', () => {
    const findings = found({ zone: host, observations: [observe({ base: notConnected('refused') })] });
    assert.equal(severityOf(findings, 'conn.refused'), 'critical');
    assert.match(only(findings, 'conn.refused')[0]?.why ?? '', /no sender can deliver/);
    assert.equal(findings.find(({ state }) => state !== 'pass')?.id, 'conn.refused');
  });

  it('so is a mail host without an address', () => {
    const findings = found({ zone: { [`${D} MX`]: ['10 mx1.example.test.'] } });
    assert.equal(severityOf(findings, 'mx.no-address'), 'critical');
  });

  it('so is a domain with neither mail host nor address, and it is not asked for policies', () => {
    const findings = found({ zone: { [`${D} TXT`]: ['"v=spf1 -all"'] } });
    assert.equal(severityOf(findings, 'mx.null-missing-nonmail'), 'critical');
    assert.equal(findings.find(({ state }) => state !== 'pass')?.id, 'mx.null-missing-nonmail');
    assert.deepEqual(only(findings, 'mtasts.none'), []);
  });
});

describe('where some of it arrives, or none is meant to', () => {
  it('the null MX is no loss (RFC 7505)', () => {
    const findings = found({ zone: { [`${D} MX`]: ['0 .'] } });
    assert.deepEqual(
      findings.filter(({ severity, state }) => severity === 'critical' && state !== 'pass'),
      [],
    );
  });

  it('one host of two that refuses is as bad as it was', () => {
    const two = {
      [`${D} MX`]: ['10 mx1.example.test.', '20 mx2.example.test.'],
      'mx1.example.test A': ['192.0.2.1'],
      'mx2.example.test A': ['192.0.2.2'],
    };
    const second = { address: '192.0.2.2', serverName: 'mx2.example.test' } as const;
    const observations = [observe({ base: notConnected('refused') }), observe({ endpoint: second })];
    assert.equal(severityOf(found({ zone: two, observations }), 'conn.refused'), 'high');
  });

  it('what could not be tested is made no worse', () => {
    const findings = found({ zone: host, observations: [observe({ base: notConnected('timeout') })] });
    assert.equal(severityOf(findings, 'conn.timeout'), 'high');
  });
});
