import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseEd25519Keys, parseSecrets, signedHeaders } from '../../../../src/relay/webhooks/signature.ts';

function ok<Value>(
  parsed: { readonly kind: 'ok'; readonly value: Value } | { readonly kind: 'invalid' },
): Value {
  assert.ok(parsed.kind === 'ok', JSON.stringify(parsed));
  return parsed.value;
}

/** Computed with Python's hmac and hashlib. */
const secret = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const message = { id: 'msg_1', body: '[{"event":"received"}]' };

describe('a secret', () => {
  it('signs id, time and body, joined by full stops, as another implementation does', () => {
    assert.deepEqual(signedHeaders(ok(parseSecrets(`${secret}\n`)), message, 1_764_331_200_999), {
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1764331200',
      'webhook-signature': 'v1,DxJmR+qe5ut4jKudRcl1EODYCjJsHpS17w0cgcUI2ik=',
    });
  });

  it('stands beside another one while it is exchanged, and the request has a signature of each', () => {
    const keys = ok(parseSecrets(`# old\n${secret}\n# new\nwhsec_${Buffer.alloc(24).toString('base64')}\n`));
    const { 'webhook-signature': signatures } = signedHeaders(keys, message, 0);
    assert.equal(signatures?.split(' ').length, 2);
    assert.equal(new Set(signatures?.split(' ')).size, 2);
  });

  const wrong: [text: string, because: RegExp][] = [
    ['', /holds no secret/],
    ['AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', /line 1 is not whsec_/],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, /24 to 64 octets/],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, /24 to 64 octets/],
    [`${secret}\nwhsec_!`, /line 2/],
    [` ${secret}`, /line 1/],
  ];
  for (const [text, because] of wrong) {
    it(`is refused: ${JSON.stringify(text)}`, () => {
      const parsed = parseSecrets(text);
      assert.ok(parsed.kind === 'invalid');
      assert.match(parsed.because, because);
      assert.ok(!parsed.because.includes('AAEC'), 'it says nothing of the secret');
    });
  }

  it('has 24 octets at least and 64 at most', () => {
    for (const length of [24, 64]) ok(parseSecrets(`whsec_${Buffer.alloc(length).toString('base64')}`));
  });
});

describe('a key of Ed25519', () => {
  const pair = generateKeyPairSync('ed25519');
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });

  it('signs the same as v1a', () => {
    const { 'webhook-signature': signature } = signedHeaders(ok(parseEd25519Keys(pem)), message, 1_000);
    const [, proof = ''] = signature?.split(',') ?? [];
    assert.match(signature ?? '', /^v1a,[A-Za-z0-9+/]{86}==$/);
    const content = Buffer.from(`msg_1.1.${message.body}`);
    assert.ok(verify(null, content, pair.publicKey, Buffer.from(proof, 'base64')));
  });

  it('stands beside another one', () => {
    assert.equal(ok(parseEd25519Keys(`${pem}${pem}`)).length, 2);
  });

  it('is refused where it is of another kind, or none', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    for (const text of [rsa.export({ type: 'pkcs8', format: 'pem' }), 'nothing', pem.replace('M', '*')]) {
      assert.equal(parseEd25519Keys(text).kind, 'invalid');
    }
  });
});
