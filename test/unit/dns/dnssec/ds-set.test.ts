import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readDsSet } from '../../../../src/dns/dnssec/ds-set.ts';
import { rrSetsOf } from '../../../../src/dns/rrset.ts';
import { readRecords } from '../../../support/dns/zone-text.ts';

const zero = (octets: number): string => '00'.repeat(octets);

/** @param data of DS records. */
function read(...data: string[]): ReturnType<typeof readDsSet> {
  const [set] = rrSetsOf(readRecords(data.map((one) => `example.com. DS ${one}`).join('\n')));
  assert.ok(set !== undefined);
  return readDsSet(set, true);
}

it('gives those that can be used', () => {
  const set = read(`1 13 2 ${zero(32)}`, `2 8 1 ${zero(20)}`, `3 3 1 ${zero(20)}`);
  assert.equal(set.kind === 'usable' && set.ds.map(({ keyTag }) => keyTag).join(), '1');
});

it('where none can be used the zone is as good as unsigned (RFC 4035 §5.2), and the reason names them', () => {
  assert.deepEqual(read(`1 3 1 ${zero(20)}`, `2 13 3 ${zero(32)}`), {
    kind: 'unsupported',
    because:
      'example.com is signed only in ways that are not supported here: DSA with SHA-1, ECDSAP256SHA256 with digest type 3',
  });
});

it('a digest of the wrong length does not make a zone unsigned', () => {
  assert.deepEqual(read(`1 13 2 ${zero(31)}`, `2 3 1 ${zero(20)}`), {
    kind: 'malformed',
    because: 'the DS of example.com is malformed',
  });
});
