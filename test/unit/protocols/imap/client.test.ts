import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTls } from '../../../../src/protocols/imap/client.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../support/fuzz-talk.ts';
import {
  assertNeverHangs,
  describeUpgradeTranscripts,
  hostileLines,
  type StartTls,
} from '../../../support/upgrade-transcript.ts';

const upgrade: StartTls = (channel, judge) => startTls(channel, { judge });

describeUpgradeTranscripts(upgrade, 'imap', 'client');
describeUpgradeTranscripts(upgrade, 'recorded', 'dovecot-2.3', 'imap');

const replies =
  `* OK ready|* PREAUTH hi|* BYE no|* CAPABILITY IMAP4rev1 STARTTLS|* CAPABILITY IMAP4rev1|w1 OK done|w2 OK go
w3 OK done|w2 NO no|+ go|* 3 EXISTS|* 1 FETCH (BODY[] {3}|* 1 FETCH {99999}|* OK [CAPABILITY STARTTLS] x|w1 BAD`.split(
    /[|\n]/,
  );

describe('the upgrade of IMAP', () => {
  it('any bytes in any cut: an outcome or a PeerError, never a hang, and never a login', () => {
    assertNeverHangs(upgrade, hostileLines(replies), ({ ending, saidInClear, saidInside }) => {
      assert.ok(['w1 CAPABILITY', 'w2 STARTTLS'].join().startsWith(saidInClear.join()), saidInClear.join());
      assert.ok('w3 CAPABILITY'.startsWith(saidInside.join()));
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
  const offer = '* CAPABILITY IMAP4rev1\r\nw1 OK done\r\n';

  it('a line of 8192 octets is read, one more is too long', () => {
    const line = (octets: number): string => `* LIST ${'x'.repeat(octets - 9)}\r\n`;
    assert.equal(line(8192).length, 8192);
    assert.equal(code('* OK here\r\n', line(8192) + offer), 'notOffered');
    assert.equal(code('* OK here\r\n', line(8193) + offer), 'line-too-long');
  });

  it('all that comes before an answer is 65536 octets at most, literals counted, and they are not waited for', () => {
    const data = (octets: number): string => `* 1 FETCH {${octets}}\r\n${'x'.repeat(octets)})\r\n`;
    const rest = offer.length + '* 1 FETCH {00000}\r\n)\r\n'.length;
    assert.equal(code('* OK here\r\n', data(65_536 - rest) + offer), 'notOffered');
    assert.equal(code('* OK here\r\n', data(65_536 - rest + 1) + offer), 'reply-too-long');
    assert.equal(code('* OK here\r\n', '* 1 FETCH {9999999999}\r\n'), 'reply-too-long');
    assert.equal(code('* OK here\r\n', '* 3 EXISTS\r\n'.repeat(5_500) + offer), 'reply-too-long');
  });
});
