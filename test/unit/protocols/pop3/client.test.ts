import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTls } from '../../../../src/protocols/pop3/client.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../support/fuzz-talk.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  hostileLines,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';

const upgrade: StartTls = (channel, judge) => startTls(channel, { judge });

describeUpgradeTranscripts(upgrade, 'pop3', 'client');
describeUpgradeTranscripts(upgrade, 'recorded', 'dovecot-2.3', 'pop3');

describe('the upgrade of POP3', () => {
  it('any bytes in any cut: an outcome or a PeerError, never a hang, and never a login', () => {
    const replies = [
      '+OK',
      '+OK ready <1.2@x>',
      '-ERR',
      '-ERR [SYS/TEMP] no',
      'STLS',
      'USER',
      '.',
      '+',
      '+ go',
      '+ok',
    ];
    assertNeverHangs(upgrade, hostileLines(replies), ({ ending, saidInClear, saidInside }) => {
      assert.ok('CAPA,STLS'.startsWith(saidInClear.join()), saidInClear.join());
      assert.ok('CAPA'.startsWith(saidInside.join()));
      if (ending.kind === 'ended' && ending.outcome.kind === 'secured')
        assert.deepEqual([saidInClear.length, saidInside.length], [2, 1]);
    });
  });

  const code = (...pieces: string[]): string => {
    const talk = startTls(new Channel('server.example.test'), { judge: () => ({ kind: 'acceptable' }) });
    const { ending } = fuzzTalk(
      talk,
      pieces.map((piece) => Buffer.from(piece, 'latin1')),
    );
    return ending.kind === 'threw' ? ending.error.code : ending.outcome.kind;
  };

  it('a line of 2048 octets is read, one more is too long', () => {
    const line = (octets: number): string => `${'x'.repeat(octets - 2)}\r\n`;
    assert.equal(code('+OK\r\n', `+OK\r\n${line(2048)}.\r\n`), 'notOffered');
    assert.equal(code('+OK\r\n', `+OK\r\n${line(2049)}.\r\n`), 'line-too-long');
  });

  it('a list of 16384 octets is read, more is too long', () => {
    const list = `${'x'.repeat(1022)}\r\n`.repeat(16);
    assert.equal(code('+OK\r\n', `+OK\r\n${list}.\r\n`), 'notOffered');
    assert.equal(code('+OK\r\n', `+OK\r\n${list}\r\n.\r\n`), 'reply-too-long');
  });
});
