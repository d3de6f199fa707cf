import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Transcript } from '../../../src/net/transcript.ts';

function say(transcript: Transcript, text: string): void {
  transcript.said(text, Buffer.from(text));
}

describe('Transcript', () => {
  it('has both sides line by line, as printable ASCII, and begins anew once taken', () => {
    const transcript = new Transcript();
    say(transcript, 'MAIL FROM:<a@example.test>\r\nDATA\r\n');
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

  it('leaves a secret out also where the peer repeats it, whole or in part, as it was sent or decoded', () => {
    const transcript = new Transcript();
    const sent = Buffer.from('\0user\0correct horse').toString('base64');
    transcript.said('AUTH PLAIN (secret)\r\n', Buffer.from(`AUTH PLAIN ${sent}\r\n`));
    const heard = [
      `AUTH PLAIN ${sent}`,
      `${sent.slice(0, 12)}...`,
      'the password correct horse',
      'not AUTH PLAIN',
    ];
    for (const text of heard) transcript.heard(Buffer.from(`535 ${text}\r\n`));
    assert.deepEqual(transcript.take(), [
      'C: AUTH PLAIN (secret)',
      'S: 535 AUTH PLAIN (secret)',
      'S: 535 (secret)',
      'S: 535 the password (secret)',
      'S: 535 not AUTH PLAIN',
    ]);
  });

  it('is bounded in lines and in the length of each', () => {
    const transcript = new Transcript();
    transcript.heard(Buffer.from('x'.repeat(10_000)));
    for (let n = 0; n < 1_000; n++) say(transcript, 'NOOP\r\n');
    const lines = transcript.take();
    assert.deepEqual([lines.length, lines[0]?.length], [400, 1_000]);
  });

  it('has whole lines, however the path has cut them, and room left behind a peer that sends octet by octet', () => {
    const transcript = new Transcript();
    for (const octet of `250-mx.example\r\n250 ${'x'.repeat(1_000)}\r\n`)
      transcript.heard(Buffer.from(octet));
    say(transcript, 'QUIT\r\n');
    const [first, second, third] = transcript.take();
    assert.deepEqual([first, second?.slice(0, 10), third], ['S: 250-mx.example', 'S: 250 xxx', 'C: QUIT']);
  });

  it('forgets what was said for another message', () => {
    const transcript = new Transcript();
    say(transcript, 'NOOP\r\n');
    transcript.forget();
    assert.deepEqual(transcript.take(), []);
  });
});
