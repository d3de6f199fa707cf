import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTls } from '../../../../src/protocols/nntp/client.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  hostileLines,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';

const upgrade: StartTls = (channel, judge) => startTls(channel, { judge });

describeUpgradeTranscripts(upgrade, 'nntp', 'client');
describeUpgradeTranscripts(upgrade, 'recorded', 'inn-2.7');

describe('the upgrade of nntp', () => {
  it('any bytes in any cut: an outcome or a PeerError, never a hang, and nothing is said but what it takes', () => {
    assertNeverHangs(
      upgrade,
      hostileLines([
        '200 hi',
        '201 hi',
        '101 list',
        'VERSION 2',
        'STARTTLS',
        'MODE-READER',
        '.',
        '382 go',
        '381 x',
        '400 x',
        '502 x',
        '..',
      ]),
      (run) => {
        for (const line of run.saidInClear) assert.match(line, /^(?:CAPABILITIES|MODE READER|STARTTLS)$/);
        for (const line of run.saidInside) assert.match(line, /^CAPABILITIES$/);
      },
    );
  });
});
