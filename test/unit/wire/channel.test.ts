import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { ByteEffect, ByteReaction, Talk } from '../../../src/wire/bytes.ts';
import { Channel } from '../../../src/wire/channel.ts';
import { cut, cuts, tlsFacts } from '../../support/transcript.ts';

interface Played<Outcome> {
  readonly outcome: Outcome;
  readonly effects: readonly ByteEffect[];
}

/** Runs a step with these pieces to receive, and then the end. */
function play<Outcome>(talk: Talk<Outcome>, pieces: Buffer[], upgraded?: ByteReaction): Played<Outcome> {
  const effects: ByteEffect[] = [];
  let reaction: ByteReaction = { kind: 'done' };
  for (;;) {
    const step = talk.next(reaction);
    if (step.done) return { outcome: step.value, effects };
    effects.push(step.value);
    if (step.value.kind === 'receive') reaction = { kind: 'received', bytes: pieces.shift() };
    else if (step.value.kind === 'sendBody') reaction = { kind: 'bodySent', early: false };
    else if (step.value.kind === 'startTls') reaction = upgraded ?? { kind: 'secured', facts: tlsFacts };
    else reaction = { kind: 'done' };
  }
}

const channel = (): Channel => new Channel('mx.example.test (192.0.2.1)');
const read = (text: string, size: number, max = 20): string =>
  play(channel().readLine(max, 'reply'), cut(Buffer.from(text, 'latin1'), size)).outcome;

describe('Channel.readLine', () => {
  it('reads a line as latin1, without its CRLF, for every cut', () => {
    for (const size of cuts) assert.equal(read('250 \xe9\t\r\n', size), '250 \xe9\t');
    assert.equal(read('\r\n', 1), '');
  });

  it('reads one line after the other', () => {
    const peer = channel();
    const pieces = [Buffer.from('one\r\ntwo\r'), Buffer.from('\nthr')];
    assert.equal(play(peer.readLine(20, 'reply'), pieces).outcome, 'one');
    assert.equal(play(peer.readLine(20, 'reply'), pieces).outcome, 'two');
  });

  it('reads a line at the limit, CRLF included, and no octet more, for every cut', () => {
    for (const size of cuts) {
      assert.equal(read(`${'x'.repeat(18)}\r\n`, size), 'x'.repeat(18));
      const tooLong = { code: 'line-too-long', message: /^mx\.example\.test \(192\.0\.2\.1\) .* 20 octets$/ };
      assert.throws(() => read(`${'x'.repeat(19)}\r\n`, size), tooLong);
      assert.throws(() => read('x'.repeat(10_000), size), tooLong);
    }
  });

  const malformed: [why: string, text: string][] = [
    ['a bare LF', 'one\ntwo\r\n'],
    ['a LF alone', '\n'],
    ['a bare CR', 'one\rtwo\r\n'],
    ['CR CR LF', 'one\r\r\n'],
    ['a NUL', 'one\0two\r\n'],
  ];
  for (const [why, text] of malformed) {
    it(`refuses ${why}, for every cut`, () => {
      for (const size of cuts)
        assert.throws(() => read(text, size), { name: 'PeerError', code: 'malformed' });
    });
  }

  it('tells where the peer closes, in a line or before it', () => {
    for (const text of ['', 'half', 'half\r']) assert.throws(() => read(text, 1), { code: 'closed' });
  });

  it('says which wait is the first for an answer: its deadline counts from there, however slowly bytes come', () => {
    const peer = channel();
    const first = play(peer.readLine(20, 'greeting'), [Buffer.from('a'), Buffer.from('\r\n')]);
    const second = play(peer.readLine(20, 'greeting'), [Buffer.from('b\r\n')]);
    peer.beginAnswer();
    const third = play(peer.readLine(20, 'reply'), [Buffer.from('c\r\n')]);
    assert.deepEqual(
      [first, second, third].flatMap(({ effects }) => effects),
      [
        { kind: 'receive', within: 'greeting', begins: true },
        { kind: 'receive', within: 'greeting', begins: false },
        { kind: 'receive', within: 'greeting', begins: false },
        { kind: 'receive', within: 'reply', begins: true },
      ],
    );
  });

  it('any bytes in any cut: a line or a PeerError, and the same one as in one piece', () => {
    const ending = (text: string, size: number): unknown => {
      try {
        return read(text, size);
      } catch (error) {
        assert.ok(error instanceof Error && 'code' in error && error.name === 'PeerError');
        return error.code;
      }
    };
    const bytes = fc.array(fc.constantFrom('\r', '\n', '\r\n', '\0', 'a', 'bcdefgh', '\xff'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 30 }), (parts, size) => {
        const text = parts.join('');
        assert.equal(ending(text, size), ending(text, Number.POSITIVE_INFINITY));
      }),
    );
  });
});

describe('Channel: nothing may be unread when we speak', () => {
  function withUnread(text: string): Channel {
    const peer = channel();
    play(peer.readLine(20, 'reply'), [Buffer.from(`220 go\r\n${text}`)]);
    return peer;
  }

  it('a command after a surplus reply is not sent', () => {
    const said = /spoke out of turn before MAIL FROM:<a>: 250 ok\\r\\n$/;
    assert.throws(() => withUnread('250 ok\r\n').say('MAIL FROM:<a>\r\nDATA\r\n').next({ kind: 'done' }), {
      code: 'unsolicited',
      message: said,
    });
  });

  it('nor is a message', () => {
    const body = { kind: 'bytes', bytes: Buffer.from('x') } as const;
    assert.throws(() => withUnread('2').sayBody(body, 'dots').next({ kind: 'done' }), {
      code: 'unsolicited',
    });
    assert.equal(play(withUnread('').sayBody(body, 'dots'), []).outcome, 'in-turn');
  });

  it('RFC 3207 §4.2, CVE-2021-38371: plaintext behind the go-ahead stops the upgrade, wherever it is', () => {
    const injected = { code: 'injected', message: /between the go-ahead and the handshake: 250-$/ };
    assert.throws(() => withUnread('250-').startTls().next({ kind: 'done' }), injected);
    const stray: ByteReaction = { kind: 'stray', bytes: Buffer.from('250-') };
    assert.throws(() => play(withUnread('').startTls(), [], stray), injected);
  });
});

describe('Channel: what is sent', () => {
  it('goes out as latin1, with what a transcript may show of it', () => {
    const { effects } = play(channel().say('AUTH secret\r\n', 'AUTH (hidden)'), []);
    assert.deepEqual(effects, [
      { kind: 'send', bytes: Buffer.from('AUTH secret\r\n'), shown: 'AUTH (hidden)' },
    ]);
    const [effect] = play(channel().say('NOOP\r\n'), []).effects;
    assert.equal(effect?.kind === 'send' && effect.shown, 'NOOP\r\n');
  });
});

describe('Channel.startTls', () => {
  it('keeps the facts of the session', () => {
    const peer = channel();
    assert.equal(peer.tls, undefined);
    assert.deepEqual(play(peer.startTls(), []).outcome, { kind: 'secured', facts: tlsFacts });
    assert.equal(peer.tls, tlsFacts);
  });

  it('says why there is none', () => {
    const peer = channel();
    const outcome = play(peer.startTls(), [], { kind: 'tlsFailed', because: 'no' }).outcome;
    assert.deepEqual([outcome, peer.tls], [{ kind: 'failed', because: 'no' }, undefined]);
  });

  it('names the alert that the peer sent', () => {
    const alert = 'protocol version';
    const { outcome } = play(channel().startTls(), [], { kind: 'tlsFailed', because: 'no', alert });
    assert.deepEqual(outcome, { kind: 'failed', because: 'no', alert });
  });

  it('says whether the peer closed without a word', () => {
    const { outcome } = play(channel().startTls(), [], { kind: 'tlsFailed', because: 'no', closed: true });
    assert.deepEqual(outcome, { kind: 'failed', because: 'no', closed: true });
  });

  it('RFC 3207 §4.2: "A client MUST NOT attempt to start a TLS session if a TLS session is already active"', () => {
    const peer = channel();
    play(peer.startTls(), []);
    assert.throws(() => play(peer.startTls(), []), { name: 'Error', message: 'TLS is already up' });
  });
});

describe('Channel.beginTls', () => {
  it('keeps the facts of the session, and there is only one', () => {
    const peer = channel();
    assert.deepEqual(play(peer.beginTls(), []).outcome, { kind: 'secured', facts: tlsFacts });
    assert.equal(peer.tls, tlsFacts);
    assert.throws(() => play(peer.startTls(), []), { name: 'Error', message: 'TLS is already up' });
  });

  it('plaintext where TLS should begin is a server without TLS there, not an attack', () => {
    for (const [text, shown] of [
      ['220 mx\r\n', ': 220 mx\\r\\n'],
      ['', ''],
    ] as const) {
      const peer = channel();
      const stray: ByteReaction = { kind: 'stray', bytes: Buffer.from(text) };
      const because = `mx.example.test (192.0.2.1) speaks plaintext where TLS should begin${shown}`;
      assert.deepEqual(play(peer.beginTls(), [], stray).outcome, { kind: 'failed', because });
      assert.equal(peer.tls, undefined);
    }
  });
});

describe('Channel.readUnit', () => {
  /** A unit says in its first octet how many follow. */
  const counted = (unread: Uint8Array): number | undefined =>
    unread[0] === undefined ? undefined : unread[0] + 1;
  const unit = (octets: readonly number[], size: number, max = 4): number[] => [
    ...play(channel().readUnit(counted, max, 'reply'), cut(Buffer.from(octets), size)).outcome,
  ];

  it('reads one unit, for every cut', () => {
    for (const size of cuts) {
      assert.deepEqual(unit([2, 7, 8], size), [2, 7, 8]);
      assert.deepEqual(unit([0], size), [0]);
    }
  });

  it('leaves what is behind it: the next unit, or what nobody asked for', () => {
    const peer = channel();
    const pieces = [Buffer.from([1, 7, 1]), Buffer.from([8, 9])];
    assert.deepEqual([...play(peer.readUnit(counted, 4, 'reply'), pieces).outcome], [1, 7]);
    assert.deepEqual([...play(peer.readUnit(counted, 4, 'reply'), pieces).outcome], [1, 8]);
    assert.throws(() => peer.sayBytes(Buffer.from([0]), 'nothing').next({ kind: 'done' }), {
      code: 'unsolicited',
    });
  });

  it('reads a unit at the limit and no octet more, for every cut, before it is there', () => {
    const tooLong = { code: 'reply-too-long', message: /^mx\.example\.test \(192\.0\.2\.1\) .* 4 octets$/ };
    for (const size of cuts) {
      assert.deepEqual(unit([3, 1, 2, 3], size), [3, 1, 2, 3]);
      assert.throws(() => unit([4], size), tooLong);
    }
  });

  it('a unit whose length cannot be told within the limit is none', () => {
    const never = (): undefined => undefined;
    for (const size of cuts) {
      const pieces = cut(Buffer.alloc(5), size);
      assert.throws(() => play(channel().readUnit(never, 4, 'reply'), pieces), { code: 'reply-too-long' });
    }
  });

  it('says where the peer closes, and what the measure throws', () => {
    assert.throws(() => unit([2, 7], 1), { code: 'closed' });
    const strict = (): never => {
      throw new RangeError('no unit');
    };
    assert.throws(() => play(channel().readUnit(strict, 4, 'reply'), [Buffer.from([1])]), RangeError);
  });
});

describe('Channel.sayBytes', () => {
  it('sends octets as they are, with what a transcript may show of them', () => {
    const bytes = Buffer.from([0, 255, 13]);
    assert.deepEqual(play(channel().sayBytes(bytes, 'a packet'), []).effects, [
      { kind: 'send', bytes, shown: 'a packet' },
    ]);
  });
});

describe('Channel.takeUnread', () => {
  it('gives out once what was read and is not used', () => {
    const peer = channel();
    play(peer.readLine(20, 'reply'), [Buffer.from('one\r\ntwo')]);
    assert.equal(Buffer.from(peer.takeUnread()).toString(), 'two');
    assert.equal(peer.takeUnread().length, 0);
    assert.equal(play(peer.say('NOOP\r\n'), []).effects.length, 1);
  });
});
