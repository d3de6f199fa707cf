import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { checkKeyPair, openCertificates, overshadowedBy } from '../../../src/net/certificates.ts';
import { withRsaKey } from '../../net/net/chains.ts';
import { createAuthority } from '../../support/certificates.ts';

const authority = await createAuthority();
const issue = (...names: string[]): ReturnType<typeof authority.issue> => authority.issue({ names });
const [first, second, third] = await Promise.all([
  issue('relay.test', 'both.test'),
  issue('other.test', '*.wild.test', 'both.test'),
  issue('mx.wild.test', 'nobody.test'),
]);
const rsa = await withRsaKey('other.test');

describe('the choice by name', () => {
  const certificates = openCertificates([first, second, third, rsa]);
  const contexts = [null, 'other.test', 'mx.wild.test'].map((name) => certificates.contextFor(name));
  const cases: readonly [name: string | null, pair: number, because: string][] = [
    [null, 0, 'no name: the first'],
    ['', 0, 'an empty name as well'],
    ['relay.test', 0, 'its own name'],
    ['nowhere.test', 0, 'an unknown name: the first'],
    ['relay.test.', 0, 'RFC 6066 §3: a name has no trailing dot'],
    ['both.test', 0, 'a name of two: the one that comes first'],
    ['other.test', 1, 'its own name; the RSA twin comes later'],
    ['OTHER.Test', 1, 'in any case'],
    ['a.wild.test', 1, 'what a wildcard stands for'],
    ['A.WILD.TEST', 1, 'in any case'],
    ['mx.wild.test', 2, 'a name before a wildcard'],
    ['a.b.wild.test', 0, 'RFC 9525 §6.3: a wildcard stands for one label'],
    ['wild.test', 0, 'and not for none'],
    ['*.wild.test', 1, 'the wildcard itself'],
    ['xwild.test', 0, 'nor for a part of a label'],
    ['.wild.test', 0, 'nor for an empty one'],
  ];
  for (const [name, pair, because] of cases) {
    it(`${name}: ${because}`, () => assert.equal(contexts.indexOf(certificates.contextFor(name)), pair));
  }

  it('one context is made for each pair, not for each client', () => {
    assert.equal(certificates.contextFor('other.test'), certificates.contextFor('x.wild.test'));
  });

  it('a pair with the names of the first and another type of key stands beside it', async () => {
    const ecdsa = await issue('other.test');
    const both = openCertificates([ecdsa, first, await withRsaKey('relay.test'), rsa]);
    assert.deepEqual(both.fallback.cert, [ecdsa.certPem, rsa.certPem]);
    assert.equal(both.contextFor('other.test'), both.contextFor(null));
  });

  it('of two with the same names and the same type of key the first is shown', async () => {
    const again = await issue('relay.test', 'both.test');
    assert.deepEqual(openCertificates([first, again]).fallback.cert, [first.certPem]);
  });
});

describe('what is never shown', () => {
  it('is a pair for the names that an earlier one has, whatever the kind of its key', () => {
    assert.deepEqual(overshadowedBy([first, second, third, rsa]), [
      { pair: 1, shown: 0, names: ['both.test'] },
      { pair: 3, shown: 1, names: ['other.test'] },
    ]);
  });

  it('is not the twin of the default with another type of key, but a second one of the same type', async () => {
    const ecdsa = await issue('other.test');
    assert.deepEqual(overshadowedBy([ecdsa, rsa]), []);
    assert.deepEqual(overshadowedBy([ecdsa, rsa, await issue('Other.test')]), [
      { pair: 2, shown: 0, names: ['other.test'] },
    ]);
  });

  it('is nothing where no two have a name in common, a wildcard and what it stands for included', () => {
    assert.deepEqual(overshadowedBy([first, third, rsa]), []);
    assert.deepEqual(overshadowedBy([second, third]), []);
    assert.deepEqual(overshadowedBy([]), []);
  });

  it('is told apart by the name and by the pair that is shown', async () => {
    const last = await issue('nobody.test', 'relay.test', 'both.test');
    assert.deepEqual(overshadowedBy([first, third, last]), [
      { pair: 2, shown: 0, names: ['both.test', 'relay.test'] },
      { pair: 2, shown: 1, names: ['nobody.test'] },
    ]);
  });
});

describe('replacing', () => {
  it('changes all at once', () => {
    const certificates = openCertificates([first]);
    const before = certificates.contextFor(null);
    const { fallback } = certificates;
    certificates.replace([second, first]);
    assert.notEqual(certificates.contextFor(null), before);
    assert.notEqual(certificates.fallback, fallback);
    assert.deepEqual(certificates.fallback.cert, [second.certPem]);
    assert.notEqual(certificates.contextFor('relay.test'), certificates.contextFor(null));
  });

  it('with one that cannot be used changes nothing', () => {
    const certificates = openCertificates([first]);
    const before = [certificates.contextFor(null), certificates.fallback];
    assert.throws(() => certificates.replace([second, { certPem: third.certPem, keyPem: first.keyPem }]));
    assert.throws(() => certificates.replace([]), /needs a certificate/);
    assert.deepEqual([certificates.contextFor(null), certificates.fallback], before);
  });
});

describe('whether a pair may be used', () => {
  const now = Date.now();
  const aDay = 24 * 60 * 60 * 1000;

  it('one that is right: its names and its last moment', () => {
    assert.deepEqual(checkKeyPair(second, now), {
      kind: 'ok',
      names: ['other.test', '*.wild.test', 'both.test'],
      notAfter: new X509Certificate(second.certPem).validToDate.getTime(),
    });
  });

  it('in the second before its end, and not after', () => {
    const end = new X509Certificate(first.certPem).validToDate.getTime();
    assert.equal(checkKeyPair(first, end).kind, 'ok');
    assert.deepEqual(checkKeyPair(first, end + 1_000), {
      kind: 'bad',
      part: 'certificate',
      because: `it expired at ${new Date(end).toISOString()}`,
    });
    assert.match(why(checkKeyPair(first, now - 2 * aDay)), /^certificate: it is not valid before /);
  });

  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey;
  const damaged = first.certPem.replace(/\n.{64}\n/, '\n');
  const wrong: readonly [what: string, certPem: string, keyPem: string, because: RegExp][] = [
    ['no certificate', '', first.keyPem, /^certificate: there is no PEM certificate/],
    [
      'half of a file',
      first.certPem.slice(0, 300),
      first.keyPem,
      /^certificate: there is no PEM certificate/,
    ],
    ['a damaged certificate', damaged, first.keyPem, /^certificate: certificate 1 is damaged/],
    ['a damaged issuer', first.certPem + damaged, first.keyPem, /^certificate: certificate 2 is damaged/],
    ['no key', first.certPem, '', /^key: there is no PEM private key/],
    ['a certificate for a key', first.certPem, first.certPem, /^key: there is no PEM private key/],
    ['an encrypted key', first.certPem, encrypted, /^key: it is encrypted/],
    ['the key of another', first.certPem, second.keyPem, /^key: it is not the key of the first certificate/],
    [
      'the issuer before the leaf',
      authority.certPem + first.certPem,
      first.keyPem,
      /^key: it is not the key/,
    ],
  ];
  for (const [what, certPem, keyPem, because] of wrong) {
    it(`${what} is bad`, () => assert.match(why(checkKeyPair({ certPem, keyPem }, now)), because));
  }

  it('what is said of a bad key holds nothing of it', () => {
    const text = why(
      checkKeyPair({ certPem: first.certPem, keyPem: first.keyPem.replace(/\n/, '\nx') }, now),
    );
    assert.ok(!text.includes(first.keyPem.slice(40, 60)));
  });
});

function why(check: ReturnType<typeof checkKeyPair>): string {
  return check.kind === 'bad' ? `${check.part}: ${check.because}` : check.kind;
}
