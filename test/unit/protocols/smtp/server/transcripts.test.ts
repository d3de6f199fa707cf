import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cuts, parseTranscript, transcriptsIn } from '../../../../support/transcript.ts';
import { replayServer } from './replay.ts';

for (const folder of ['server', 'both']) {
  describe(`transcripts of the SMTP server (smtp/${folder})`, () => {
    for (const transcript of transcriptsIn('smtp', folder)) {
      it(`${transcript.name}: ${transcript.title}`, () => {
        for (const size of cuts) replayServer(transcript, size);
      });
    }
  });
}

describe('a replay convicts', () => {
  const greeting = 'S: 220 mx.example.test ESMTP Waxwing';
  const cases: [why: string, lines: string[]][] = [
    ['another answer', [greeting, 'C: NOOP', 'S: 250 ok']],
    ['an answer too many', [greeting, 'C: NOOP']],
    ['a missing answer', [greeting, 'C: NOOP', 'S: 250 2.0.0 ok', 'S: 250 2.0.0 ok']],
    ['a session that does not close', [greeting, '== close']],
    ['TLS that was not asked for', [greeting, '== TLS']],
    ['a message that was not taken', [greeting, 'S< took nothing']],
  ];
  for (const [why, lines] of cases) {
    it(why, () => {
      const transcript = parseTranscript('planted', ['# planted', ...lines].join('\n'));
      assert.throws(() => replayServer(transcript, Number.POSITIVE_INFINITY), assert.AssertionError);
    });
  }
});
