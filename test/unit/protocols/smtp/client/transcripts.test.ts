import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowedOutcomes } from '../../../../support/scripted-server.ts';
import { cuts, parseTranscript, transcriptsIn } from '../../../../support/transcript.ts';
import { replayClient } from './replay.ts';

for (const folder of ['client', 'both']) {
  describe(`transcripts of the SMTP client (smtp/${folder})`, () => {
    for (const transcript of transcriptsIn('smtp', folder)) {
      it(`${transcript.name}: ${transcript.title}`, () => {
        const seen = new Set(cuts.flatMap((size) => replayClient(transcript, size)));
        assert.deepEqual(
          [...seen].toSorted(),
          allowedOutcomes(transcript).toSorted(),
          'each outcome comes of some cut',
        );
      });
    }
  });
}

describe('a replay convicts', () => {
  const ehlo = 'S: 220 mx\nC: EHLO client.example.test';
  const cases: [why: string, text: string][] = [
    [
      'an outcome that is not the expected one',
      `C> open required\n${ehlo}\nS: 250 mx\nC< ready in clear, offers nothing`,
    ],
    ['a line that the client does not say', `C> open never\n${ehlo}x\nS: 500 mx\nC< refused at EHLO 500`],
    ['a client that stops early', `C> open required\n${ehlo}\nS: 250 mx\nC: QUIT\nC< notOffered`],
    [
      'a client that waits where it should speak',
      `C> open never\nC: EHLO client.example.test\nC< notOffered`,
    ],
    ['an answer that nobody reads', 'C> open never\nS: 554 no\nS: 554 no\nC< refused at greeting 554'],
    [
      'commands in one group that were written as two',
      `C> open never\n${ehlo}\nS: 250-mx\nS: 250 PIPELINING\nC< ready in clear, offers PIPELINING
C> send a@example.test b@example.test
C: MAIL FROM:<a@example.test>\nS: 250 ok
C: RCPT TO:<b@example.test>\nS: 250 ok
C: DATA\nS: 354 go\nC< goAhead 250`,
    ],
  ];
  for (const [why, text] of cases) {
    it(why, () => {
      const transcript = parseTranscript('planted', `# planted\n${text}`);
      assert.throws(() => replayClient(transcript, 1), assert.AssertionError);
    });
  }
});

describe('a transcript', () => {
  it('begins by saying what it shows, and every line of it is of the grammar', () => {
    for (const text of ['S: 220 mx', '# x\nS 220 mx', '# x\nX: y', '# x\n=TLS', '# x\n S: 220']) {
      assert.throws(() => parseTranscript('planted', text), /^Error: planted/);
    }
  });
});
