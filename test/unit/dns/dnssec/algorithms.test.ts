import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isSupported, schemeOf, showAlgorithm, showKey } from '../../../../src/dns/dnssec/algorithms.ts';

it('algorithms 5, 7, 8, 10, 13, 14, 15 and 16 are supported and no others', () => {
  const supported = Array.from({ length: 256 }, (_, number) => number).filter((one) =>
    isSupported(one, true),
  );
  assert.deepEqual(supported, [5, 7, 8, 10, 13, 14, 15, 16]);
  assert.equal(schemeOf(3), undefined);
});

it('those with SHA-1 can be switched off, and only those', () => {
  const without = [5, 7, 8, 10, 13, 14, 15, 16].filter((one) => isSupported(one, false));
  assert.deepEqual(without, [8, 10, 13, 14, 15, 16]);
});

it('are shown by their mnemonics', () => {
  assert.equal(showAlgorithm(13), 'ECDSAP256SHA256');
  assert.equal(showAlgorithm(99), 'algorithm 99');
  assert.equal(showKey({ keyTag: 12345, algorithm: 8 }), 'key 12345 (RSASHA256)');
});
