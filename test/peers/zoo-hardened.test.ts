/**
 * No false alarm: servers that are set up as well as they can be, in a domain with DANE, MTA-STS, TLS-RPT, SPF, DMARC and CAA,
 * have nothing that anybody should do.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import type { Target } from '../../src/findings/case.ts';
import { type CheckProtocol, checkProtocols, type Depth, type TlsMode } from '../../src/findings/endpoint.ts';
import { judgeRecording } from '../../src/findings/judge.ts';
import { parseDomain } from '../../src/names/domain.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { openLabTester } from './support/check-lab.ts';
import { startDovecot } from './support/dovecot.ts';
import { rootsOf } from './support/peer.ts';

const labTest = labTests({ mail: ['postfix'] });

/** What is more than a remark, a line for each, whatever state it is in. */
async function alarms(lab: Lab, t: TestContext, target: Target, depth: Depth): Promise<readonly string[]> {
  const tester = openLabTester(lab, depth);
  try {
    const recording = await tester.test(target);
    const { findings } = judgeRecording(recording, recording.startedAt);
    const passed = findings.filter(({ state }) => state === 'pass').length;
    t.diagnostic(`${passed} checks passed, ${recording.observations.length} doors`);
    assert.ok(passed > 20, 'hardly anything was looked at');
    return findings
      .filter(({ state, severity }) => state !== 'pass' && severity !== 'info')
      .map(({ id, state, severity, evidence }) => `${id} ${state} ${severity}: ${evidence.join(' / ')}`);
  } finally {
    await tester.close();
  }
}

function named(text: string) {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

describe('a domain that is run well', () => {
  for (const depth of ['quick', 'standard', 'deep'] as const) {
    labTest(`Postfix with DANE and MTA-STS, ${depth}: nothing above info`, async (lab, t) => {
      assert.deepEqual(await alarms(lab, t, { kind: 'domain', domain: named('hardened.test') }, depth), []);
    });
  }

  const doors: readonly (readonly [CheckProtocol, TlsMode])[] = [
    ['imap', 'starttls'],
    ['imap', 'implicit'],
    ['pop3', 'starttls'],
    ['pop3', 'implicit'],
    ['submission', 'starttls'],
    ['submission', 'implicit'],
    ['sieve', 'starttls'],
  ];
  labTest('Dovecot, every door, standard and deep: nothing above info', async (lab, t) => {
    const had = await rootsOf(['dovecot']);
    assert.ok(had.kind === 'ready', had.kind === 'ready' ? '' : had.because);
    const dovecot = await startDovecot(had.roots.dovecot, {
      address: lab.address(160),
      port: 24,
      usualPorts: true,
      accounts: { 'ada@hardened.test': 'correct horse' },
      relay: { host: lab.address(25), port: 25 },
      certificate: await lab.authority.issue({ names: ['imap.hardened.test'] }),
      settings: { ssl_cipher_list: 'ECDHE+AESGCM:ECDHE+CHACHA20' },
    });
    t.after(() => dovecot.close());
    for (const depth of ['standard', 'deep'] as const) {
      for (const [protocol, tls] of doors) {
        const port = checkProtocols[protocol][tls] ?? assert.fail();
        const target = { kind: 'host', host: named('imap.hardened.test'), port, protocol, tls } as const;
        assert.deepEqual(await alarms(lab, t, target, depth), [], `${protocol} ${tls} ${depth}`);
      }
    }
  });
});
