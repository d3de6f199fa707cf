import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answer,
  goAhead,
  greeting,
  handshakeBehindMore,
  has,
  leave,
  offers,
  tlsAtOnce,
  turnedAway,
} from '../../../../src/scanner/dialects/steps.ts';
import { emptyDraft } from '../../../../src/scanner/draft.ts';
import type { ByteReaction, Talk } from '../../../../src/wire/bytes.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { LostError, PeerError, type PeerFault } from '../../../../src/wire/dialogue.ts';
import { tlsFacts } from '../../../support/transcript.ts';
import { requestOf } from '../../../support/visit-transcript.ts';

/** Plays a talk of which every effect gets the next of these reactions; an Error is thrown in. */
function play<Outcome>(talk: Talk<Outcome>, ...reactions: readonly (ByteReaction | Error)[]): Outcome {
  let step = talk.next({ kind: 'done' });
  for (const reaction of reactions) {
    assert.equal(step.done, false);
    step = reaction instanceof Error ? talk.throw(reaction) : talk.next(reaction);
  }
  assert.ok(step.done === true);
  return step.value;
}

const stray = (text: string): ByteReaction => ({ kind: 'stray', bytes: Buffer.from(text) });
const failed = { kind: 'tlsFailed', because: 'a\nb', alert: 'handshake failure' } as const;
const secured = { kind: 'secured', facts: tlsFacts } as const;

describe('what is kept of a server', () => {
  it('is printable and bounded, line by line', () => {
    assert.deepEqual(answer(true, `a\r\n${'x'.repeat(1000)}`, 220), {
      code: 220,
      positive: true,
      text: `a\\r\\n${'x'.repeat(397)}`,
    });
    const lines = Array.from({ length: 1000 }, () => '\xff');
    assert.deepEqual(greeting(requestOf([]), 0, lines).lines, Array(40).fill('\\xff'));
    assert.equal(offers(lines).length, 400);
  });

  it('has its milliseconds from the beginning of the connection', () => {
    assert.equal(greeting({ ...requestOf([]), clock: () => 112.4 }, 100, []).ms, 12);
  });

  it('words of a list are found whatever their case, and whole', () => {
    assert.ok(has(['StartTls'], 'STARTTLS'));
    assert.ok(!has(['STARTTLSX', 'X STARTTLS'], 'STARTTLS'));
  });
});

describe('a no at the beginning', () => {
  const kinds: Record<string, readonly string[]> = {
    throttled: [
      'Too many connections',
      'too many users',
      'try again later',
      'Please come back later',
      'rate limit reached',
      'Maximum number of clients',
      'server busy',
      'overloaded',
    ],
    blocked: [
      'Access denied',
      'your address is blocked',
      'You have no permission to talk',
      'not allowed here',
    ],
    refused: ['', 'no', 'maintenance', 'unblocked', 'tomany'],
  };
  for (const [kind, texts] of Object.entries(kinds))
    it(`is ${kind} by its words: ${texts.join(', ')}`, () => {
      for (const text of texts) assert.equal(turnedAway('greeting', answer(false, text)).kind, kind, text);
    });

  it('a code of the protocol says more than words', () => {
    assert.deepEqual(turnedAway('hello', answer(false, 'denied'), 'throttled'), {
      kind: 'throttled',
      at: 'hello',
      answer: answer(false, 'denied'),
    });
  });
});

describe('TLS at once', () => {
  it('is not begun where STARTTLS is to come', () => {
    const draft = emptyDraft();
    assert.equal(play(tlsAtOnce(new Channel('x'), requestOf([]), draft, 0)), true);
    assert.equal(draft.upgrade.kind, 'not-reached');
  });

  it('shows what stands, and what kept it', () => {
    const draft = emptyDraft();
    assert.equal(play(tlsAtOnce(new Channel('x'), requestOf(['implicit']), draft, 0), secured), true);
    assert.deepEqual([draft.upgrade, draft.tls], [{ kind: 'implicit' }, tlsFacts]);
    const other = emptyDraft();
    assert.equal(play(tlsAtOnce(new Channel('x'), requestOf(['implicit']), other, 0), failed), false);
    assert.deepEqual(other.upgrade, {
      kind: 'handshake-failed',
      because: 'a\\nb',
      alert: 'handshake failure',
      closed: false,
      ms: 0,
    });
    const plain = emptyDraft();
    assert.equal(play(tlsAtOnce(new Channel('x'), requestOf(['implicit']), plain, 0), stray('220 x')), false);
    assert.match(plain.upgrade.kind === 'handshake-failed' ? plain.upgrade.because : '', /plaintext.*220 x/);
  });
});

describe('the answer to STARTTLS', () => {
  function* broken(code: PeerFault): Talk<string> {
    yield { kind: 'startTls' };
    throw new PeerError(code, 'said\nwhat');
  }
  for (const code of ['malformed', 'unexpected-reply', 'line-too-long', 'unsolicited'] as const)
    it(`that is none (${code}) is told as that`, () => {
      const draft = emptyDraft();
      assert.throws(() => play(goAhead(draft, broken(code)), { kind: 'done' }), PeerError);
      assert.deepEqual(draft.upgrade, { kind: 'bad-answer', because: 'said\\nwhat' });
    });
  it('is not there where the server left, or the connection broke', () => {
    const draft = emptyDraft();
    assert.throws(() => play(goAhead(draft, broken('closed')), { kind: 'done' }), PeerError);
    assert.throws(() => play(goAhead(draft, broken('closed')), new LostError('gone')), LostError);
    assert.equal(draft.upgrade.kind, 'not-reached');
  });
});

describe('taking leave', () => {
  function* goodbye(error: Error): Talk<void> {
    yield { kind: 'startTls' };
    throw error;
  }
  const leaving = (error: Error): Talk<{ readonly kind: string }> =>
    leave(emptyDraft(), goodbye(error), { kind: 'complete' });

  it('a server that is gone changes nothing', () => {
    for (const error of [new PeerError('closed', 'x'), new LostError('x')])
      assert.deepEqual(play(leaving(error), { kind: 'done' }), { kind: 'complete' });
  });
  it('a mistake of ours does', () => {
    assert.throws(() => play(leaving(new TypeError('ours')), { kind: 'done' }), TypeError);
  });
});

describe('the handshake behind more than STARTTLS', () => {
  const crossing = (reaction: ByteReaction, ...expected: (string | null)[]): string =>
    play(handshakeBehindMore(new Channel('x'), ...expected), reaction);

  it('RFC 9051 §6.2.1: what followed is taken for TLS, which fails; or thrown away', () => {
    assert.equal(crossing(failed, '+OK'), 'never');
    assert.equal(crossing(secured, '+OK'), 'secured');
  });

  it('an answer in clear is told from other plaintext, of which it may be the first octets', () => {
    for (const text of ['+OK list', '+OK', '+', '+O'])
      assert.equal(crossing(stray(text), '+OK'), 'clear', text);
    for (const text of ['-ERR', '', '+E', '500 OOPS'])
      assert.equal(crossing(stray(text), '+OK'), 'never', text);
    assert.equal(crossing(stray('<?xml'), null), 'never');
    assert.equal(crossing(stray('anything')), 'clear');
  });
});
