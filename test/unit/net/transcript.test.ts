import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Transcript } from '../../../src/net/transcript.ts';

describe('Transcript', () => {
  it('has both sides line by line, as printable ASCII, and begins anew once taken', () => {
    const transcript = new Transcript();
    transcript.said('MAIL FROM:<a@example.test>\r\nDATA\r\n');
    transcript.heard(Buffer.from('250 \x07ok\r\n354 g\xf6\r\n', 'latin1'));
    transcript.note('== closed');
    assert.deepEqual(transcript.take(), [
      'C: MAIL FROM:<a@example.test>',
      'C: DATA',
      'S: 250 \\x07ok',
      'S: 354 g\\xf6',
      '== closed',
    ]);
    assert.deepEqual(transcript.take(), []);
  });

  it('shows no challenge of a login: with those of SCRAM at hand, passwords can be tried on them', () => {
    const transcript = new Transcript();
    transcript.heard(Buffer.from('334 dj02cnJpVFJCaTIzV3BS\r\n'));
    transcript.heard(Buffer.from('334-x\r\n334 y\r\n235 ok\r\n'));
    assert.deepEqual(transcript.take(), [
      'S: 334 (challenge)',
      'S: 334 (challenge)',
      'S: 334 (challenge)',
      'S: 235 ok',
    ]);
  });

  it('is bounded in lines and in the length of each', () => {
    const transcript = new Transcript();
    transcript.heard(Buffer.from('x'.repeat(10_000)));
    for (let n = 0; n < 1_000; n++) transcript.said('NOOP\r\n');
    const lines = transcript.take();
    assert.deepEqual([lines.length, lines[0]?.length], [400, 1_000]);
  });

  it('has whole lines, however the path has cut them, and room left behind a peer that sends octet by octet', () => {
    const transcript = new Transcript();
    for (const octet of `250-mx.example\r\n250 ${'x'.repeat(1_000)}\r\n`)
      transcript.heard(Buffer.from(octet));
    transcript.said('QUIT\r\n');
    const [first, second, third] = transcript.take();
    assert.deepEqual([first, second?.slice(0, 10), third], ['S: 250-mx.example', 'S: 250 xxx', 'C: QUIT']);
  });

  it('forgets what was said for another message', () => {
    const transcript = new Transcript();
    transcript.said('NOOP\r\n');
    transcript.forget();
    assert.deepEqual(transcript.take(), []);
  });
});
