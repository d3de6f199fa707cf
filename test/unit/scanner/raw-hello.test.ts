/** A hello of our own in place of the handshake: what is said around it, and what is made of the answer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloSeen } from '../../../src/findings/hello-seen.ts';
import type { Probed } from '../../../src/findings/observation.ts';
import { NetworkError } from '../../../src/net/error.ts';
import { dialectOf } from '../../../src/scanner/dialects.ts';
import { emptyDraft, visitOf } from '../../../src/scanner/draft.ts';
import { emptyFlight, helloOf, withAlpn, withHello } from '../../../src/scanner/raw-hello.ts';
import { helloOctets, legacyQuestion, type Question } from '../../../src/tls/hello/questions.ts';
import { SSL_3 } from '../../../src/tls/hello/versions.ts';
import { Channel } from '../../../src/wire/channel.ts';
import { PeerError } from '../../../src/wire/dialogue.ts';
import { requestOf } from '../../support/visit-transcript.ts';
import { ingredients } from '../tls/hello/asked.ts';
import { handshake, record, serverHello } from '../tls/hello/flights.ts';
import { recording } from '../tls/hello/recordings.ts';

/** What the server says, a text in latin1; `reset`: it breaks off. */
type Part = Uint8Array | string;

interface Played {
  readonly seen: Probed<HelloSeen>;
  /** All that was sent, as latin1. */
  readonly sent: readonly string[];
}

const greeting = '220 mx.example.test ESMTP\r\n';
const offers = '250-mx.example.test\r\n250 STARTTLS\r\n';
const goAhead = [greeting, offers, '220 go ahead\r\n'];

/** The server says one part each time that something is waited for, and then closes. */
function play(question: Question, parts: readonly Part[], ...words: readonly string[]): Played {
  const [draft, flight] = [emptyDraft(), emptyFlight()];
  const visit = dialectOf('smtp').visit(new Channel('mx.example.test'), requestOf(words), draft);
  const talk = withHello(visit, question, flight);
  const sent: string[] = [];
  const waiting = [...parts];
  let step = talk.next({ kind: 'done' });
  while (step.done !== true) {
    const effect = step.value;
    if (effect.kind === 'send') {
      sent.push(Buffer.from(effect.bytes).toString('latin1'));
      step = talk.next({ kind: 'done' });
      continue;
    }
    assert.equal(effect.kind, 'receive', 'no handshake is made');
    const part = waiting.shift();
    if (part === 'reset') step = talk.throw(new NetworkError('reset', 'the server broke off'));
    else {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
      step = talk.next({ kind: 'received', bytes });
    }
  }
  const talked = { kind: 'done', outcome: step.value } as const;
  const connected = { connect: { kind: 'connected', ms: 1 }, transcript: [], talked, ms: 1 } as const;
  return { seen: helloOf(visitOf(connected, draft), flight, question), sent };
}

const alert = (code: number, level = 2): Buffer => record(21, Buffer.of(level, code));
const old = legacyQuestion(ingredients);

describe('a hello behind STARTTLS', () => {
  it('comes behind the go-ahead, and a goodbye of TLS behind the answer', () => {
    const { question, octets } = recording('Postfix', 'weak');
    const { seen, sent } = play(question, [...goAhead, octets]);
    assert.deepEqual(sent.slice(0, 2), ['EHLO probe.example.test\r\n', 'STARTTLS\r\n']);
    assert.equal(sent[2], Buffer.from(helloOctets(question)).toString('latin1'));
    // user_canceled and close_notify (RFC 5246 §7.2.2), and not a word of SMTP.
    assert.deepEqual(sent.slice(3), ['\x15\x03\x03\x00\x02\x01\x5a\x15\x03\x03\x00\x02\x01\x00']);
    assert.ok(seen.kind === 'seen' && seen.result === 'agreed');
    const { chain: _, ...session } = seen.session;
    assert.deepEqual(session, {
      version: 0x0303,
      suite: 0xc018,
      compression: 0,
      extendedMasterSecret: true,
      renegotiationInfo: true,
      couldSpeak: 0x0304,
      group: 0x0017,
      prime: null,
      signatureScheme: null,
    });
  });

  it('the octets of the answer in any slices', () => {
    const { question, octets } = recording('Postfix', 'primes');
    const whole = play(question, [...goAhead, octets]).seen;
    assert.ok(whole.kind === 'seen' && whole.result === 'agreed');
    assert.equal(whole.session.prime?.length, 256);
    assert.equal(whole.session.signatureScheme, 0x0806);
    assert.equal(whole.session.chain.length > 0, true);
    for (const size of [1, 7, 64]) {
      const slices: Buffer[] = [];
      for (let at = 0; at < octets.length; at += size) slices.push(octets.subarray(at, at + size));
      assert.deepEqual(play(question, [...goAhead, ...slices]).seen, whole);
    }
  });

  it('a HelloRetryRequest', () => {
    const { question, octets } = recording('Postfix', 'retry');
    assert.deepEqual(play(question, [...goAhead, octets]).seen, {
      kind: 'seen',
      result: 'retry',
      group: 0x001d,
      suite: 0x1301,
    });
  });

  it('is not said where STARTTLS is not offered, or refused', () => {
    const without = play(old, [greeting, '250 mx.example.test\r\n', '221 bye\r\n']);
    assert.deepEqual(without.seen, { kind: 'seen', result: 'not-offered' });
    assert.deepEqual(without.sent, ['EHLO probe.example.test\r\n', 'QUIT\r\n']);
    const refused = play(old, [greeting, offers, '454 4.7.0 not now\r\n', '221 bye\r\n']).seen;
    assert.ok(refused.kind === 'not-tested');
    assert.equal(refused.because, 'it answered STARTTLS with 454 4.7.0 not now');
  });

  it('RFC 3207 §4.2: what was half read behind the go-ahead is in its way', () => {
    for (const behind of ['250 fine\r\n', '2', '\x16\x03'])
      assert.throws(
        () => play(old, [greeting, offers, `220 go ahead\r\n${behind}`]),
        (error) => error instanceof PeerError && error.code === 'injected',
      );
  });

  it('and so is plaintext that comes a moment later', () =>
    assert.throws(
      () => play(old, [...goAhead, '250 fine\r\n']),
      (error) => error instanceof PeerError && error.code === 'injected' && /250 fine/.test(error.message),
    ));
});

describe('a hello at once', () => {
  it('is the first that is said', () => {
    const { question, octets } = recording('Postfix', 'weak');
    const { seen, sent } = play(question, [octets], 'implicit');
    assert.equal(sent[0], Buffer.from(helloOctets(question)).toString('latin1'));
    assert.ok(seen.kind === 'seen' && seen.result === 'agreed');
  });

  it('plaintext is no answer to it', () => {
    const { seen } = play(old, [greeting], 'implicit');
    assert.deepEqual(seen, {
      kind: 'seen',
      result: 'broken',
      because: 'plaintext in place of TLS: 220 mx.example.test ESMTP\\r\\n',
    });
  });
});

describe('a no', () => {
  const answers = (...parts: readonly Part[]): Probed<HelloSeen> => play(old, [...goAhead, ...parts]).seen;

  it('an answer stands, whatever comes behind it in the same slice', () => {
    const taken = record(22, handshake(2, serverHello({ version: 0x0302, suite: 0x002f })));
    const short: Question = { ...old, until: 'version' };
    for (const parts of [[Buffer.concat([taken, alert(40)])], [taken, alert(40)]]) {
      const { seen } = play(short, [...goAhead, ...parts]);
      assert.equal(seen.kind === 'seen' && seen.result, 'agreed');
    }
    // Where more was asked than the version it was no whole answer.
    const { seen } = play(old, [...goAhead, Buffer.concat([taken, alert(40)])]);
    assert.deepEqual(seen, { kind: 'seen', result: 'refused', alert: 40 });
  });

  it('by a fatal alert, behind which nothing is said', () => {
    const { seen, sent } = play(old, [...goAhead, alert(70)]);
    assert.deepEqual(seen, { kind: 'seen', result: 'refused', alert: 70 });
    assert.equal(sent.length, 3);
  });

  it('by closing, by breaking off, by closing behind a warning', () => {
    assert.deepEqual(answers(), { kind: 'seen', result: 'refused', alert: null });
    assert.deepEqual(answers('reset'), { kind: 'seen', result: 'refused', alert: null });
    assert.deepEqual(answers(alert(112, 1)), { kind: 'seen', result: 'refused', alert: 112 });
  });

  it('an end in the middle of an answer is none', () => {
    const seen = answers(record(22, handshake(2, serverHello({ version: 0x0302 }))).subarray(0, 20));
    assert.deepEqual(seen, {
      kind: 'seen',
      result: 'broken',
      because: 'it closed the connection in the middle of its answer',
    });
  });

  it('what was never offered is no session', () => {
    const seen = answers(record(22, handshake(2, serverHello({ version: 0x0303 })), 0x0303));
    assert.ok(seen.kind === 'seen' && seen.result === 'broken');
    assert.match(seen.because, /^a ServerHello of TLSv1\.2, which was not offered/);
  });

  it('a lost connection before the hello says nothing of it', () => {
    assert.throws(() => play(old, [greeting, 'reset']), NetworkError);
  });
});

it('ALPN goes along where the protocol names itself, and not in SSL 3.0', () => {
  const { offer } = withAlpn(old, ['postgresql']);
  assert.ok(offer.kind === 'tls');
  assert.deepEqual(offer.alpn, ['postgresql']);
  assert.equal(withAlpn(old, undefined), old);
  const ssl3 = legacyQuestion(ingredients, SSL_3);
  assert.equal(withAlpn(ssl3, ['postgresql']), ssl3);
});
