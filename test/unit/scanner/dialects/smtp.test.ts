import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { lmtpDialect, smtpDialect } from '../../../../src/scanner/dialects/smtp.ts';
import { emptyDraft } from '../../../../src/scanner/draft.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../support/fuzz-talk.ts';
import { hostileLines } from '../../../support/upgrade-transcript.ts';
import { describeVisitTranscripts, doTask, requestOf } from '../../../support/visit-transcript.ts';

describeVisitTranscripts(smtpDialect, 'smtp', 'visit');
describeVisitTranscripts(lmtpDialect, 'smtp', 'visit-lmtp');

describe('whatever a server says', () => {
  const server = hostileLines([
    '220 mx.example.test ESMTP',
    '220-mx.example.test',
    '250 mx.example.test',
    '250-mx.example.test',
    '250 STARTTLS',
    '250 ok',
    '221 bye',
    '354 go on',
    '421 4.7.0 too many',
    '454 4.7.0 no TLS',
    '503 5.5.1 nested MAIL',
    '530 5.7.0 TLS first',
    '554 no',
  ]);
  const tasks = ['visit curious', 'visit implicit', 'visit intrusive', 'injection', 'state', 'intrusive'];

  it('an outcome or a PeerError, never a hang, and no verdict without the answers for it', () => {
    fc.assert(
      fc.property(server, fc.constantFrom(...tasks), (pieces, task) => {
        const said: string[] = [];
        const { ending } = fuzzTalk(doTask(smtpDialect, task, new Channel('mx.test')), pieces, said);
        const came = ending.kind === 'ended' ? ending.outcome : ending.error.code;
        const count = (line: string): number => said.filter((one) => one.startsWith(line)).length;
        if (came === 'inside') assert.deepEqual([count('EHLO'), count('NOOP'), count('QUIT')], [2, 1, 1]);
        if (came.startsWith('kept')) assert.deepEqual([count('MAIL'), count('RSET')], [3, 1]);
        if (!/intrusive|state/.test(task)) assert.equal(count('MAIL'), 0);
        assert.ok(count('STARTTLS') <= 2 && count('RCPT') <= 1);
      }),
      { numRuns: 3_000 },
    );
  });

  it('a wrong yes to STARTTLS is told, and not whole', () => {
    const draft = emptyDraft();
    const wrong = `226-${'\xff'.repeat(2_000)}\r\n`.repeat(6);
    const pieces = ['220 mx.test\r\n', '250-mx.test\r\n250 STARTTLS\r\n', `${wrong}226 ok\r\n`];
    const talk = smtpDialect.visit(new Channel('mx.test'), requestOf([]), draft);
    fuzzTalk(
      talk,
      pieces.map((piece) => Buffer.from(piece, 'latin1')),
    );
    assert.ok(draft.upgrade.kind === 'bad-answer');
    assert.match(draft.upgrade.because, /^STARTTLS was answered with 226 (?:\\xff)+/);
    assert.ok(draft.upgrade.because.length < 450);
  });

  it('a visit that is cut off at any octet keeps what was whole by then, and the step it was at', () => {
    const turns = [
      '220 mx.test ESMTP\r\n',
      '250-mx.test\r\n250 STARTTLS\r\n',
      '220 go\r\n',
      '250 mx.test\r\n',
    ];
    const octets = turns.join('').length;
    const ends = turns.map((_, at) => turns.slice(0, at + 1).join('').length);
    for (let left = 0; left < octets; left++) {
      const draft = emptyDraft();
      const pieces = turns
        .map((turn, at) => Buffer.from(turn.slice(0, Math.max(0, left - (ends[at] ?? 0) + turn.length))))
        .filter((piece) => piece.length > 0);
      const { ending } = fuzzTalk(smtpDialect.visit(new Channel('mx.test'), requestOf([]), draft), pieces);
      assert.ok(ending.kind === 'threw' && ending.error.code === 'closed', `${left} octets`);
      const whole = ends.filter((end) => end <= left).length;
      assert.equal(draft.step, ['greeting', 'hello', 'starttls', 'inside'][whole], `${left} octets`);
      assert.deepEqual(
        [draft.greeting?.code, draft.clear, draft.upgrade.kind, draft.inside],
        [
          whole > 0 ? 220 : undefined,
          whole > 1 ? ['STARTTLS'] : null,
          whole > 2 ? 'secured' : 'not-reached',
          null,
        ],
        `${left} octets`,
      );
    }
  });
});
