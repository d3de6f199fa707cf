import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Login, login } from '../../../../../src/protocols/smtp/client/login.ts';
import type { Offers } from '../../../../../src/protocols/smtp/offers.ts';
import type { ByteReaction } from '../../../../../src/wire/bytes.ts';
import { Channel } from '../../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../../support/fuzz-talk.ts';
import { tlsFacts } from '../../../../support/transcript.ts';
import { hostileReplies } from './fuzz.ts';

const as: Login = { user: 'user', password: 'pencil', nonce: 'rOprNGfwEbeRWgbNEkqO' };
const everything: Offers = new Map([['AUTH', ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']]]);

/** A channel on which TLS is up. */
function inTls(): Channel {
  const channel = new Channel('mx.example.test');
  const talk = channel.beginTls();
  talk.next({ kind: 'done' });
  talk.next({ kind: 'secured', facts: tlsFacts });
  return channel;
}

/** What a transcript may say of a login that gets these replies. */
function shown(offers: Offers, who: Login, replies: readonly string[]): string {
  const talk = login(inTls(), offers, who, 'proved');
  const lines: string[] = [];
  const pieces = [...replies];
  let reaction: ByteReaction = { kind: 'done' };
  for (let step = talk.next(reaction); step.done !== true; step = talk.next(reaction)) {
    if (step.value.kind === 'send') lines.push(step.value.shown);
    const piece = step.value.kind === 'receive' ? Buffer.from(pieces.shift() ?? '') : undefined;
    reaction = piece === undefined ? { kind: 'done' } : { kind: 'received', bytes: piece };
  }
  return lines.join('');
}

/** The words of the server that refuses this login. */
function refusedIn(replies: readonly string[], mechanism: string, who: Login): readonly string[] {
  const talk = login(inTls(), new Map([['AUTH', [mechanism]]]), who, 'proved');
  const { ending } = fuzzTalk(
    talk,
    replies.map((text) => Buffer.from(text)),
  );
  assert.ok(ending.kind !== 'threw' && ending.outcome.kind === 'loginRefused', JSON.stringify(ending));
  return ending.outcome.reply.lines;
}

describe('a server that repeats what it was told', () => {
  const who: Login = { ...as, password: 'correct horse battery' };
  const plain = 'AHVzZXIAY29ycmVjdCBob3JzZSBiYXR0ZXJ5';
  const alone = 'Y29ycmVjdCBob3JzZSBiYXR0ZXJ5';
  const cases: readonly (readonly [string, readonly string[], string, readonly string[]])[] = [
    [
      'PLAIN',
      [`500 5.5.2 bad syntax: AUTH PLAIN ${plain}\r\n`],
      'the whole message',
      ['bad syntax: AUTH PLAIN (secret)'],
    ],
    [
      'PLAIN',
      [`500 5.5.2 bad syntax: AUTH PLAIN ${plain.slice(0, 20)}...\r\n`],
      'the beginning',
      ['bad syntax: AUTH PLAIN (secret)'],
    ],
    ['PLAIN', [`535-5.7.8 one\r\n535 5.7.8 ${plain} two\r\n`], 'in a later line', ['one', '(secret)']],
    [
      'PLAIN',
      ['535 5.7.8 user has not "correct horse battery"\r\n'],
      'the password itself',
      ['user has not "(secret)'],
    ],
    [
      'LOGIN',
      ['334 VXNlcm5hbWU6\r\n', '334 UGFzc3dvcmQ6\r\n', `502 5.5.1 ${alone}: unknown\r\n`],
      'the password in base64',
      ['(secret)'],
    ],
    ['PLAIN', ['535 5.7.8 the credentials are invalid\r\n'], 'nothing', ['the credentials are invalid']],
  ];
  for (const [mechanism, replies, what, lines] of cases) {
    it(`does not get the password into our logs: ${mechanism}, ${what}`, () => {
      assert.deepEqual(refusedIn(replies, mechanism, who), lines);
    });
  }

  it('does not get it into them by an answer that is none either', () => {
    const { ending } = fuzzTalk(login(inTls(), new Map([['AUTH', ['PLAIN']]]), who, 'proved'), [
      Buffer.from(`250 2.0.0 you said ${plain}\r\n`),
    ]);
    assert.ok(ending.kind === 'threw');
    assert.match(String(ending.error), /answered AUTH with 250 2\.0\.0 you said \(secret\), which/);
  });

  it('loses no word to a password that is short', () => {
    const short: Login = { ...as, password: 'no' };
    assert.deepEqual(refusedIn(['535 5.7.8 no such user\r\n'], 'PLAIN', short), ['no such user']);
  });
});

// What the dialogue does is shown by test/transcripts/smtp/client/login-*; here is what must hold whatever comes.
describe('login', () => {
  it('any bytes in any cut: an outcome or a PeerError; only 235 is a yes', () => {
    const mechanisms = fc.subarray(['SCRAM-SHA-256', 'PLAIN', 'LOGIN', 'GSSAPI']);
    const challenges = fc.constantFrom('334 \r\n', '334 VXNlcm5hbWU6\r\n', '535 no\r\n', '235 ok\r\n');
    const pieces = fc
      .tuple(fc.array(challenges, { maxLength: 4 }), hostileReplies)
      .map(([first, others]) => [...first.map((text) => Buffer.from(text)), ...others]);
    fc.assert(
      fc.property(pieces, mechanisms, (server, offered) => {
        const offers: Offers = new Map([['AUTH', offered]]);
        const { ending } = fuzzTalk(login(inTls(), offers, as, 'proved'), server);
        if (ending.kind === 'threw' || ending.outcome.kind === 'loginNotOffered') return;
        const heard = Buffer.concat(server).toString('latin1');
        if (ending.outcome.kind === 'loggedIn') {
          assert.match(heard, /^235/m);
          assert.ok(offered[0] !== 'SCRAM-SHA-256' || /^5/m.test(heard), 'nobody signed anything');
        } else assert.ok(ending.outcome.reply.code >= 400);
      }),
      { numRuns: 3000 },
    );
  });

  it('never in clear: that is our own fault, and nothing is said', () => {
    const said: string[] = [];
    assert.throws(() => fuzzTalk(login(new Channel('mx'), everything, as, 'proved'), [], said), {
      name: 'Error',
      message: 'a login is for TLS only',
    });
    assert.deepEqual(said, []);
  });

  it('a transcript shows the mechanism and nothing that could be used or tried', () => {
    const at = (mechanism: string): Offers => new Map([['AUTH', [mechanism]]]);
    assert.equal(shown(at('PLAIN'), as, ['235 ok\r\n']), 'AUTH PLAIN (secret)\r\n');
    assert.equal(
      shown(at('LOGIN'), as, ['334 \r\n', '334 \r\n', '235 ok\r\n']),
      'AUTH LOGIN\r\n(secret)\r\n(secret)\r\n',
    );
    const serverFirst =
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
    const challenge = `334 ${Buffer.from(serverFirst).toString('base64')}\r\n`;
    assert.equal(
      shown(at('SCRAM-SHA-256'), as, [challenge, '535 no\r\n']),
      'AUTH SCRAM-SHA-256 (secret)\r\n(secret)\r\n',
    );
  });

  it('RFC 4954 §4: a response that would make the command longer than a command may be waits for the challenge', () => {
    const offers: Offers = new Map([['AUTH', ['PLAIN']]]);
    const saidWith = (password: string): string[] =>
      fuzzTalk(login(inTls(), offers, { ...as, password }, 'proved'), [
        Buffer.from('334 \r\n'),
        Buffer.from('235 ok\r\n'),
      ]).said;
    // NUL, user, NUL and 369 octets make 500 of base64, which with `AUTH PLAIN ` and CRLF is over 512.
    const longest = saidWith('x'.repeat(366));
    assert.equal(longest[0]?.length, 'AUTH PLAIN '.length + 496);
    assert.deepEqual(saidWith('x'.repeat(369))[0], 'AUTH PLAIN');
    assert.equal(saidWith('x'.repeat(369))[1]?.length, 500);
  });

  it('a password that SCRAM cannot spell is not tried with it', () => {
    const { said } = fuzzTalk(login(inTls(), everything, { ...as, password: 'pen\u0007cil' }, 'proved'), []);
    assert.match(said[0] ?? '', /^AUTH PLAIN /);
  });

  it('to a server that TLS has not authenticated the password is never said, whatever it offers and answers', () => {
    const mechanisms = fc.subarray(['SCRAM-SHA-256', 'PLAIN', 'LOGIN', 'GSSAPI']);
    fc.assert(
      fc.property(
        hostileReplies,
        mechanisms,
        fc.constantFrom('pencil', 'pen\u0007cil'),
        (server, offered, password) => {
          const offers: Offers = new Map([['AUTH', offered]]);
          const said: string[] = [];
          fuzzTalk(login(inTls(), offers, { ...as, password }, 'unproved'), server, said);
          const canProve = offered.includes('SCRAM-SHA-256') && password === 'pencil';
          assert.equal(said.length > 0, canProve);
          for (const line of said) assert.doesNotMatch(line, /^AUTH (?:PLAIN|LOGIN)/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('names why there is none: nothing is known, or what is known would say the password', () => {
    const because = (offered: string[]): string => {
      const { ending } = fuzzTalk(login(inTls(), new Map([['AUTH', offered]]), as, 'unproved'), []);
      assert.ok(ending.kind === 'ended' && ending.outcome.kind === 'loginNotOffered');
      return ending.outcome.because;
    };
    assert.equal(because(['GSSAPI']), 'offers no login that we know');
    assert.equal(
      because(['LOGIN', 'PLAIN', 'GSSAPI']),
      'offers PLAIN and LOGIN only, which would say the password to a server that TLS has not authenticated',
    );
  });
});
