import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTls } from '../../../../src/protocols/sieve/client.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  hostileLines,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';

const upgrade: StartTls = (channel, judge) => startTls(channel, { judge });

describeUpgradeTranscripts(upgrade, 'sieve', 'client');
describeUpgradeTranscripts(upgrade, 'recorded', 'dovecot-2.3', 'sieve');

describe('the upgrade of sieve', () => {
  it('any bytes in any cut: an outcome or a PeerError, never a hang, and nothing is said but what it takes', () => {
    assertNeverHangs(
      upgrade,
      hostileLines([
        '"IMPLEMENTATION" "x"',
        '"STARTTLS"',
        '"SASL" ""',
        'OK',
        'OK "go"',
        'NO',
        'BYE (REFERRAL "x")',
        '"A" {3}',
        'abc',
        '{1}',
      ]),
      (run) => {
        for (const line of run.saidInClear) assert.match(line, /^(?:STARTTLS)$/);
        assert.deepEqual(run.saidInside, []);
      },
    );
  });
});
