import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  beginScram,
  type ClientFirst,
  checkClientFinal,
  clientFinal,
  clientFirst,
  deriveVerifier,
  isServerProved,
  parseClientFirst,
} from '../../../../src/protocols/sasl/scram.ts';

/** The example of RFC 7677 §3. */
const example = {
  user: 'user',
  password: 'pencil',
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};
const verifier = await deriveVerifier(example.password, example.salt, 4096);

function readFirst(text: string): ClientFirst {
  const first = parseClientFirst(text);
  if (first.kind !== 'ok') throw new Error(first.because);
  return first.value;
}

const exchange = beginScram(readFirst(example.clientFirst), verifier, example.serverNonce);

describe('RFC 7677 §3: the example, octet by octet', () => {
  it('on the server', () => {
    assert.equal(exchange.serverFirst, example.serverFirst);
    assert.deepEqual(checkClientFinal(exchange, example.clientFinal), {
      kind: 'proved',
      serverFinal: example.serverFinal,
    });
  });

  it('on the client', () => {
    const first = clientFirst(example.user, example.clientNonce);
    assert.equal(first.kind === 'ok' && first.value, example.clientFirst);
    const final = clientFinal(example, example.clientNonce, example.serverFirst);
    assert.ok(final.kind === 'ok');
    assert.equal(final.value.message, example.clientFinal);
    assert.equal(isServerProved(final.value, example.serverFinal), true);
    for (const forged of ['', 'v=', 'e=other-error', example.serverFinal.replace('v=6', 'v=7')])
      assert.equal(isServerProved(final.value, forged), false);
  });
});

describe("the client's first message", () => {
  const accepted: [text: string, user: string][] = [
    ['n,,n=user,r=abc', 'user'],
    ['y,,n=user,r=abc', 'user'],
    ['n,a=user,n=user,r=abc', 'user'],
    ['n,,n=a=2Cb=3Dc,r=abc', 'a,b=c'],
    ['n,,n=J\u00f6rg,r=abc', 'Jörg'],
    ['n,,n=Jo\u0308rg,r=abc', 'Jörg'],
    ['n,,n=I\u00adX,r=abc', 'IX'],
  ];
  for (const [text, user] of accepted) {
    it(`${JSON.stringify(text)} is from ${user}`, () => assert.equal(readFirst(text).user, user));
  }

  const refused: [why: string, text: string][] = [
    ['nothing', ''],
    ['no header', 'n=user,r=abc'],
    ['channel binding, which is not offered', 'p=tls-unique,,n=user,r=abc'],
    ['another user to act for', 'n,a=admin,n=user,r=abc'],
    ['an extension that must be understood', 'n,,m=x,n=user,r=abc'],
    ['an extension behind the nonce', 'n,,n=user,r=abc,x=1'],
    ['no nonce', 'n,,n=user,r='],
    ['a nonce with a space', 'n,,n=user,r=a b'],
    ['no user', 'n,,n=,r=abc'],
    ['a user of nothing but soft hyphens', 'n,,n=\u00ad,r=abc'],
    ['a comma that is not escaped', 'n,,n=a,b,r=abc'],
    ['an escape in lower case', 'n,,n=a=2cb,r=abc'],
    ['another escape', 'n,,n=a=41,r=abc'],
    ['a control character', 'n,,n=a\u0000b,r=abc'],
    ['a line break', 'n,,n=a\nb,r=abc'],
    ['a right-to-left override', 'n,,n=a\u202eb,r=abc'],
    ['a user that is too long', `n,,n=${'a'.repeat(256)},r=abc`],
    ['a nonce that is too long', `n,,n=a,r=${'a'.repeat(256)}`],
    ['the order changed', 'n,,r=abc,n=user'],
  ];
  for (const [why, text] of refused) {
    it(`${why}: refused`, () => assert.equal(parseClientFirst(text).kind, 'invalid'));
  }
});

describe("the client's last message", () => {
  const good = example.clientFinal;
  const cases: [why: string, text: string, kind: 'wrong' | 'invalid'][] = [
    ['a proof of something else', good.replace('p=dH', 'p=eH'), 'wrong'],
    ['a proof in another spelling', good.replace('dVQ=', 'dVR='), 'invalid'],
    ['a proof without padding', good.slice(0, -1), 'invalid'],
    ['a proof that is too short', good.replace(/p=.*/, 'p=AAAA'), 'invalid'],
    ['another nonce', good.replace('$k0', '$k1'), 'invalid'],
    ['the nonce of the client alone', good.replace(/r=[^,]*/, 'r=rOprNGfwEbeRWgbNEkqO'), 'invalid'],
    ['another header', good.replace('biws', 'eSws'), 'invalid'],
    ['an extension', good.replace(',p=', ',x=1,p='), 'invalid'],
    ['something behind the proof', `${good},x=1`, 'invalid'],
    ['nothing', '', 'invalid'],
  ];
  for (const [why, text, kind] of cases) {
    it(`${why}: ${kind}`, () => assert.equal(checkClientFinal(exchange, text).kind, kind));
  }
});

describe("the server's first message, as the client reads it", () => {
  const good = example.serverFirst;
  const refused: [why: string, text: string][] = [
    ['a nonce that is not ours', good.replace('r=rOp', 'r=xOp')],
    ['our nonce and nothing more', good.replace(example.serverNonce, '')],
    ['4095 iterations, RFC 7677 §4', good.replace('4096', '4095')],
    ['more iterations than a client should compute', good.replace('4096', '1000001')],
    ['iterations that are no number', good.replace('4096', '4096x')],
    ['iterations with a zero in front', good.replace('4096', '04096')],
    ['a salt that is not base64', good.replace('gQ==', 'gQ=')],
    ['an extension in front', `m=x,${good}`],
    ['an extension behind', `${good},x=1`],
    ['an error', 'e=unknown-user'],
  ];
  for (const [why, text] of refused) {
    it(`${why}: refused`, () => {
      assert.notEqual(text, good);
      assert.equal(clientFinal(example, example.clientNonce, text).kind, 'invalid');
    });
  }
});

describe('both ends', () => {
  it('agree for the right password, and for no other', async () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(word, word, fc.boolean(), async (user, password, other) => {
        const first = clientFirst(user, 'abc');
        if (first.kind !== 'ok') return;
        const stored = await deriveVerifier(other ? `${password}x` : password, example.salt, 4096);
        const begun = beginScram(readFirst(first.value), stored, 'def');
        const final = clientFinal({ user, password }, 'abc', begun.serverFirst);
        if (final.kind !== 'ok') return;
        const proof = checkClientFinal(begun, final.value.message);
        assert.equal(proof.kind, other ? 'wrong' : 'proved');
        if (proof.kind === 'proved') assert.ok(isServerProved(final.value, proof.serverFinal));
      }),
      { numRuns: 60 },
    );
  });

  it('no text makes a parser throw', () => {
    const piece = fc.constantFrom('n', 'y', 'p=', ',', '=', 'r=', 'c=', 'biws', '=2C', 'i=4096', 's=', 'a=');
    const text = fc.oneof(
      fc.array(piece).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, (given) => {
        parseClientFirst(given);
        checkClientFinal(exchange, given);
        clientFinal(example, example.clientNonce, given);
      }),
    );
  });
});
