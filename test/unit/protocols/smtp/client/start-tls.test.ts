import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTls } from '../../../../../src/protocols/smtp/client/start-tls.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  hostileLines,
  type StartTls,
} from '../../../../support/upgrade-transcript.ts';

const upgrade: StartTls = (channel, judge, words) =>
  startTls(channel, {
    judge,
    helloName: 'client.example.test',
    protocol: words.includes('lmtp') ? 'lmtp' : 'smtp',
  });

describeUpgradeTranscripts(upgrade, 'smtp', 'upgrade');

describe('the upgrade of SMTP', () => {
  it('any bytes in any cut: an outcome or a PeerError, never a hang, and nothing is said but what it takes', () => {
    const replies = [
      '220 hi',
      '250-x',
      '250 STARTTLS',
      '250-STARTTLS',
      '220 go',
      '250 ok',
      '454 no',
      '500 x',
      '421 x',
    ];
    assertNeverHangs(upgrade, hostileLines(replies), (run) => {
      for (const line of run.saidInClear) assert.match(line, /^(?:EHLO client\.example\.test|STARTTLS)$/);
      for (const line of run.saidInside) assert.match(line, /^EHLO client\.example\.test$/);
    });
  });
});
