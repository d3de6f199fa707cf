import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cuts, parseTranscript, transcriptsIn } from '../../../../support/transcript.ts';
import { allowedOutcomes, replayClient } from './replay.ts';

for (const folder of ['client', 'both']) {
  describe(`transcripts of the SMTP client (smtp/${folder})`, () => {
    for (const transcript of transcriptsIn('smtp', folder)) {
      it(`${transcript.name}: ${transcript.title}`, () => {
        const seen = new Set(cuts.flatMap((size) => replayClient(transcript, size)));
        assert.deepEqual([...seen].toSorted(), allowedOutcomes(transcript).toSorted(), 'each outcome comes of some cut');
      });
    }
  });
}

describe('a replay convicts', () => {
  const opening = ['S: 220 mx', 'C: EHLO client.example.test', 'S: 250 mx'];
  const cases: [why: string, lines: string[]][] = [
    ['an outcome that is not the expected one', ['C> open required', ...opening, 'C< ready in clear, offers nothing']],
    ['a line that the client does not say', ['C> open never', 'S: 220 mx', 'C: HELO client.example.test', 'C< refused at EHLO 500']],
    ['a client that stops early', ['C> open required', ...opening, 'C: QUIT', 'C< notOffered']],
    ['a client that waits where it should speak', ['C> open never', 'C: EHLO client.example.test', 'C< notOffered']],
    ['an answer that nobody reads', ['C> open never', 'S: 554 no', 'S: 554 no', 'C< refused at greeting 554']],
    [
      'commands in one group that were written as two',
      [
        ...['C> open never', 'S: 220 mx', 'C: EHLO client.example.test', 'S: 250-mx', 'S: 250 PIPELINING'],
        ...['C< ready in clear, offers PIPELINING', 'C> send a@example.test b@example.test'],
        ...['C: MAIL FROM:<a@example.test>', 'S: 250 ok', 'C: RCPT TO:<b@example.test>', 'S: 250 ok', 'C: DATA'],
        ...['S: 354 go', 'C< goAhead 250'],
      ],
    ],
  ];
  for (const [why, lines] of cases) {
    it(why, () => {
      const transcript = parseTranscript('planted', ['# planted', ...lines].join('\n'));
      assert.throws(() => replayClient(transcript, 1), assert.AssertionError);
    });
  }
});
