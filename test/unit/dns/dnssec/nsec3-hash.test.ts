import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { base32Hex, nsec3Hash } from '../../../../src/dns/dnssec/nsec3-hash.ts';
import { readName } from '../../../support/dns/name-text.ts';

/** RFC 5155 Appendix A. */
const appendixA = {
  example: '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom',
  'a.example': '35mthgpgcu1qg68fab165klnsnk3dpvl',
  'ai.example': 'gjeqe526plbf1g8mklp59enfd789njgi',
  'ns1.example': '2t7b4g4vsa5smi47k61mv5bv1a22bojr',
  'ns2.example': 'q04jkcevqvmu85r014c7dkba38o0ji5r',
  'w.example': 'k8udemvp1j2f7eg6jebps17vp3n8i58h',
  '*.w.example': 'r53bq7cc2uvmubfu5ocmm6pers9tk9en',
  'x.w.example': 'b4um86eghhds6nea196smvmlo4ors995',
  'y.w.example': 'ji6neoaepv8b5o6k4ev33abha8ht9fgc',
  'x.y.w.example': '2vptu5timamqttgl4luu9kg21e0aor3s',
  'xx.example': 't644ebqk9bibcna874givr6joj62mlhv',
  '2t7b4g4vsa5smi47k61mv5bv1a22bojr.example': 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi',
};

describe('hashes of names (RFC 5155 §5)', () => {
  for (const [name, hash] of Object.entries(appendixA)) {
    it(`RFC 5155 Appendix A: ${name}`, () => {
      assert.equal(nsec3Hash(readName(name), Buffer.from('aabbccdd', 'hex'), 12), hash);
    });
  }

  it('without salt and without more rounds it is SHA-1 of the name', () => {
    const name = readName('example.com');
    const digest = createHash('sha1').update(Buffer.from(name, 'latin1')).digest();
    assert.equal(nsec3Hash(name, new Uint8Array(), 0), base32Hex(digest));
  });
});

describe('base32hex', () => {
  it('RFC 4648 §10', () => {
    const vectors = {
      '': '',
      f: 'co',
      fo: 'cpng',
      foo: 'cpnmu',
      foob: 'cpnmuog',
      fooba: 'cpnmuoj1',
      foobar: 'cpnmuoj1e8',
    };
    for (const [text, encoded] of Object.entries(vectors))
      assert.equal(base32Hex(Buffer.from(text)), encoded);
  });

  it('sorts as the octets do, which NSEC3 relies on', () => {
    const hash = fc.uint8Array({ minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(hash, hash, (a, b) => {
        const [one, other] = [base32Hex(a), base32Hex(b)];
        assert.equal(Math.sign(Buffer.compare(a, b)), one < other ? -1 : Number(one > other));
      }),
    );
  });
});
