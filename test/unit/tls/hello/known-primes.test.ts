import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { knownPrimes } from '../../../../src/tls/hello/known-primes.ts';
import { primeName } from '../../../../src/tls/hello/primes.ts';

/** As the sources of the programs have them, and RFC 5114 §2.1. */
const written = {
  'a prime of Postfix':
    'b0feb4cfd45507e7cc88590d1726c50ca54a92238178da88aa4c1306bf5d2f9ebc96b851009d0c0d75adfd3bb17e714f3f91541444b830251cebdf729c4cf1890d683f948ea4fb768918b29116900199668c53814e273d99e75a7aafd5ece27efaed0118c2782559065c39f6cd4954afc1b1ea4af953d0df6dafd493e7baae9b',
  'a prime of Apache (mod_ssl)':
    'd67de440cbbbdc1936d693d34afd0ad50c84d239a45f520bb88174cb98bce951849f912e639c72fb13b4b4d7177e16d55ac179ba420b2a29fe324a467a635e81ff5901377beddcfd33168a461aad3b72dae8860078045b07a7dbca7874087d1510ea9fcc9ddd330507dd62db88aeaa747de0f4d6e2bd68b0e7393e0f24218eb3',
  'a prime of Java':
    'fd7f53811d75122952df4a9c2eece4e7f611b7523cef4400c31e3f80b6512669455d402251fb593d8d58fabfc5f5ba30f6cb9b556cd7813b801d346ff26660b76b9950a5a49f9fe8047b1022c24fbba9d7feb7c61bf83b57e7c6a8a6150f04fb83f6d3c51ec3023554135a169132f675f3ae2b61d72aeff22203199dd14801c7',
  'the group of RFC 5114 §2.1':
    'b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d189838ef1e2ee652c013ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371',
} as const;

describe('primes that come with programs', () => {
  for (const [name, hex] of Object.entries(written)) {
    it(name, () => {
      const prime = Buffer.from(hex, 'hex');
      assert.equal(primeName(prime), name);
      assert.equal(primeName(Buffer.concat([Buffer.alloc(1), prime])), name);
      assert.equal(primeName(prime.fill(0, 3, 4)), undefined);
    });
  }

  it('each once, by its SHA-256', () => {
    assert.equal(knownPrimes.size, 88);
    for (const digest of knownPrimes.keys()) assert.match(digest, /^[0-9a-f]{64}$/);
    const first = createHash('sha256')
      .update(Buffer.from(written['a prime of Postfix'], 'hex'))
      .digest('hex');
    assert.equal(knownPrimes.get(first), 'a prime of Postfix');
  });
});
