import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type ListKey,
  listKeyOf,
  parseListKey,
  parseSignatures,
  signersOf,
  signList,
} from '../../../../src/policies/list/signature.ts';
import { newSigner } from '../../../support/lists.ts';

function keyOf(base64: string): ListKey {
  const key = parseListKey(base64);
  return key.kind === 'ok' ? key.value : assert.fail(key.because);
}

function signers(list: Uint8Array, text: string, ...keys: readonly ListKey[]): readonly string[] {
  const signatures = parseSignatures(text);
  return signersOf(list, signatures.kind === 'ok' ? signatures.value : assert.fail(signatures.because), keys);
}

/**
 * By OpenSSL 3.0.19: `(printf 'waxwing policy list 1\n'; cat FILE) >signed`, `openssl pkeyutl -sign -rawin -in signed -inkey KEY`;
 * the key's id by sha256sum of the last 32 octets of `openssl pkey -pubout -outform DER`.
 */
const recorded = {
  key: 's07ycIZgzKdur+RfWRj5jZ9os527sbguJzD3d0HNQxw=',
  id: '8bf8eebe700a93eb',
  list: `{
  "timestamp": "2026-11-28T12:00:00Z",
  "expires": "2026-12-12T12:00:00Z",
  "version": "0.1",
  "author": "Example",
  "policies": { "example.test": { "mode": "enforce", "mxs": ["mx1.example.test"] } }
}
`,
  signature: '+5yQtQ+H8SdMBeoQPVvgIDsTWhGAwWXSpLGiRKLFnJIJlPryGefqBuk0tKAM3w1H8QTO7LbK5+jQ19GseZSmDg==',
};
const recordedLine = `waxwing-list-1 ${recorded.id} ${recorded.signature}\n`;

describe('a signature that OpenSSL has made', () => {
  it('is one by that key', () => {
    assert.equal(keyOf(recorded.key).id, recorded.id);
    assert.deepEqual(signers(Buffer.from(recorded.list), recordedLine, keyOf(recorded.key)), [recorded.id]);
  });

  it('is of the octets: the same JSON written in another way is not signed', () => {
    const same = Buffer.from(JSON.stringify(JSON.parse(recorded.list)));
    assert.deepEqual(signers(same, recordedLine, keyOf(recorded.key)), []);
  });
});

describe('signatures of a list', () => {
  const [one, other] = [newSigner(), newSigner()];
  const list = Buffer.from('{"a":1}');

  it('are those of the keys that are named, in the order of the keys', () => {
    const text = `${signList(list, other.private)}${signList(list, one.private)}`;
    assert.deepEqual(signers(list, text, one.public, other.public), [one.public.id, other.public.id]);
    assert.deepEqual(signers(list, text, one.public), [one.public.id]);
    assert.deepEqual(signers(list, text, newSigner().public), []);
  });

  it('do not fit any list in which one bit is another', () => {
    const text = signList(list, one.private);
    fc.assert(
      fc.property(fc.nat(list.length - 1), fc.nat(7), (at, bit) => {
        const changed = Uint8Array.from(list);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        assert.deepEqual(signers(changed, text, one.public), []);
      }),
    );
  });

  it('do not fit the beginning of a list, or one with something behind it', () => {
    const text = signList(list, one.private);
    for (const end of [0, 1, list.length - 1])
      assert.deepEqual(signers(list.subarray(0, end), text, one.public), []);
    assert.deepEqual(signers(Buffer.concat([list, Buffer.from('\n')]), text, one.public), []);
  });

  it('are none where a key has signed under the name of another', () => {
    const text = signList(list, other.private).replace(other.public.id, one.public.id);
    assert.deepEqual(signers(list, text, one.public), []);
  });

  it('are not those that the key has made for anything else', () => {
    const bare = `waxwing-list-1 ${one.public.id} ${sign(null, list, one.private).toString('base64')}\n`;
    assert.deepEqual(signers(list, bare, one.public), []);
  });
});

describe('the text of signatures', () => {
  const faults: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /does not end with a line$/],
    ['a line without its end', recordedLine.trimEnd(), /does not end with a line$/],
    ['an empty line', '\n', /^line 1 of the signature is not/],
    ['an empty line behind it', `${recordedLine}\n`, /^line 2 of/],
    ['CRLF', recordedLine.replace('\n', '\r\n'), /^line 1 of/],
    ['another version', recordedLine.replace('list-1', 'list-2'), /^line 1 of/],
    ['two spaces', recordedLine.replace(' ', '  '), /^line 1 of/],
    ['an id in capitals', recordedLine.replace(recorded.id, recorded.id.toUpperCase()), /^line 1 of/],
    ['a signature that is short', recordedLine.replace('+5yQ', ''), /^line 1 of/],
    ['base64 with bits that mean nothing', recordedLine.replace('Dg==', 'Dh=='), /^line 1 of/],
    ['nine lines', recordedLine.repeat(9), /more than 8 lines$/],
    ['more than 4096 octets', `${recordedLine}${'x'.repeat(4096)}\n`, /more than 4096 octets$/],
  ];
  for (const [title, text, reason] of faults) {
    it(title, () => {
      const parsed = parseSignatures(text);
      assert.match(parsed.kind === 'invalid' ? parsed.because : 'it was taken', reason);
    });
  }

  it('eight lines are taken', () => assert.equal(parseSignatures(recordedLine.repeat(8)).kind, 'ok'));

  it('is anything at all: a fault or signatures, never more', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseSignatures(text);
        assert.ok(parsed.kind === 'invalid' ? parsed.because !== '' : parsed.value.length > 0);
      }),
    );
  });
});

describe('a public key', () => {
  it('is the base64 of its 32 octets', () => {
    for (const text of [
      '',
      'x',
      recorded.key.slice(1),
      `${recorded.key}=`,
      ` ${recorded.key}`,
      recorded.key.replace('xw=', 'xx='),
      'A'.repeat(44),
    ])
      assert.equal(parseListKey(text).kind, 'invalid', text);
  });

  it('is none of small order, by which anybody could sign: with zeros for a key to be filled in, for one', () => {
    const last = Buffer.alloc(31, 0xff).fill(0x7f, 30).toString('hex');
    const eighth = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05';
    const otherEighth = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a';
    // y of the points whose order divides 8, and p and p + 1, which are read as 0 and 1.
    const one = `01${'00'.repeat(31)}`;
    for (const hex of ['00'.repeat(32), one, `ec${last}`, `ed${last}`, `ee${last}`, eighth, otherEighth])
      for (const bit of [0, 0x80]) {
        const octets = Buffer.from(hex, 'hex');
        octets[31] = (octets[31] ?? 0) | bit;
        const parsed = parseListKey(octets.toString('base64'));
        assert.match(parsed.kind === 'invalid' ? parsed.because : '', /by which anybody could sign$/, hex);
      }
    assert.equal(parseListKey(Buffer.from(`02${'00'.repeat(31)}`, 'hex').toString('base64')).kind, 'ok');
  });

  it('is the same of a private key and of its public half', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    assert.deepEqual(listKeyOf(privateKey), listKeyOf(publicKey));
    assert.deepEqual(keyOf(listKeyOf(publicKey).base64), listKeyOf(publicKey));
  });
});
