import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TrustAnchor } from '../../../../src/dns/anchors.ts';
import { anchorOf, isUnder, settle } from '../../../../src/dns/dnssec/terms.ts';
import { readDnskey, readDs } from '../../../../src/dns/records.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { dsRecord, newKey } from '../../../support/dns/signer.ts';

const now = 1_790_000_000;

function anchor(zone: string, algorithm = 13, digestType = 2): TrustAnchor {
  const ds = readDs(dsRecord(readName(zone), newKey(algorithm), digestType).data);
  return { zone: readName(zone), ds: ds === undefined ? [] : [ds], keys: [] };
}

function keyAnchor(zone: string, algorithm: number): TrustAnchor {
  const key = readDnskey(newKey(algorithm).data);
  return { zone: readName(zone), ds: [], keys: key === undefined ? [] : [key] };
}

describe('trust anchors', () => {
  const settled = settle({
    now,
    sha1: true,
    anchors: [anchor('.'), anchor('leaf.test.'), keyAnchor('key.test.', 15)],
  });
  const zoneOf = (name: string): string | undefined => anchorOf(settled, readName(name))?.zone;

  it('the closest one above a name counts', () => {
    assert.equal(zoneOf('www.leaf.test.'), readName('leaf.test.'));
    assert.equal(zoneOf('leaf.test.'), readName('leaf.test.'));
    assert.equal(zoneOf('www.key.test.'), readName('key.test.'));
    assert.equal(zoneOf('www.other.test.'), readName('.'));
    assert.equal(zoneOf('.'), readName('.'));
  });

  it('below none of them nothing is known', () => {
    const island = settle({ now, sha1: true, anchors: [anchor('leaf.test.')] });
    assert.equal(anchorOf(island, readName('test.')), undefined);
    assert.equal(anchorOf(island, readName('www.other.test.')), undefined);
  });

  it('answer for zones at their own and below', () => {
    const leaf = anchorOf(settled, readName('leaf.test.'));
    assert.ok(leaf !== undefined);
    assert.deepEqual(
      ['test.', 'leaf.test.', 'a.leaf.test.'].map((zone) => isUnder(readName(zone), leaf)),
      [false, true, true],
    );
  });

  it('that nothing can be proven with are as if they were not there', () => {
    const old = settle({
      now,
      sha1: true,
      anchors: [anchor('.'), keyAnchor('leaf.test.', 3), anchor('other.test.', 13, 3)],
    });
    assert.deepEqual([...old.anchors.keys()], [readName('.')]);
    assert.equal(settle({ now, sha1: false, anchors: [anchor('.', 7), keyAnchor('.', 5)] }).anchors.size, 0);
    assert.equal(
      settle({ now, sha1: true, anchors: [anchor('.', 7), keyAnchor('.', 5)] }).anchors.get(readName('.'))
        ?.keys.length,
      1,
    );
  });
});

describe('the name of terms', () => {
  const anchors = [anchor('.')];
  const id = (sha1: boolean, other: readonly TrustAnchor[] = anchors): string =>
    settle({ now, sha1, anchors: other }).id;

  it('is the same for equal terms at any time', () => {
    assert.equal(id(true), id(true, structuredClone(anchors)));
    assert.equal(id(true), settle({ now: now + 1, sha1: true, anchors }).id);
  });

  it('is another with other anchors or algorithms', () => {
    const names = [
      id(true),
      id(false),
      id(true, [anchor('.')]),
      id(true, []),
      id(true, [...anchors, anchor('leaf.test.')]),
    ];
    assert.equal(new Set(names).size, names.length);
  });
});
