import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTls } from '../../../../src/protocols/ftp/client.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  hostileLines,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';

const upgrade: StartTls = (channel, judge) => startTls(channel, { judge });

describeUpgradeTranscripts(upgrade, 'ftp', 'client');
describeUpgradeTranscripts(upgrade, 'recorded', 'vsftpd-3.0');

describe('the upgrade of ftp', () => {
  it('any bytes in any cut: an outcome or a PeerError, never a hang, and nothing is said but what it takes', () => {
    assertNeverHangs(
      upgrade,
      hostileLines([
        '220 hi',
        '220-hi',
        '211-x',
        ' AUTH TLS',
        '211 end',
        '234 go',
        '200 ok',
        '334 x',
        '431 x',
        '502 x',
        '530 x',
      ]),
      (run) => {
        for (const line of run.saidInClear) assert.match(line, /^(?:FEAT|AUTH TLS)$/);
        for (const line of run.saidInside) assert.match(line, /^(?:PBSZ 0|PROT P|FEAT)$/);
      },
    );
  });
});
