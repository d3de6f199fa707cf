import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VisitEnd } from '../../../src/findings/observation.ts';
import { wordsOfEnd } from '../../../src/scanner/end-words.ts';

describe('how a connection ended, in words for people', () => {
  const answer = { code: 421, positive: false, text: '421 4.7.0 too many' };
  const cases: readonly [end: VisitEnd, words: string][] = [
    [{ kind: 'throttled', at: 'greeting', answer }, 'it sent us away for now: 421 4.7.0 too many'],
    [{ kind: 'blocked', at: 'greeting', answer }, 'it does not talk to us: 421 4.7.0 too many'],
    [{ kind: 'refused', at: 'hello', answer }, 'it refused to go on: 421 4.7.0 too many'],
    [{ kind: 'closed', at: 'starttls' }, 'it closed the connection before STARTTLS was answered'],
    [
      { kind: 'timeout', at: 'handshake', ms: 59_900 },
      'it was not done after 60 s: time was up in the handshake of TLS',
    ],
    [
      { kind: 'timeout', at: 'greeting', ms: 200 },
      'it was not done after 1 s: time was up before its greeting was there',
    ],
    [{ kind: 'broken', at: 'hello', because: 'mx.test sent a bare LF' }, 'mx.test sent a bare LF'],
    [{ kind: 'not-connected' }, 'there was no connection'],
    [{ kind: 'without-tls' }, 'this connection did not come to TLS'],
    [{ kind: 'complete' }, 'all that was asked was answered'],
  ];
  for (const [end, words] of cases) it(end.kind, () => assert.equal(wordsOfEnd(end), words));
});
