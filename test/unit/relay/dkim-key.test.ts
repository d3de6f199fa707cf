import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type DkimKey, keyRing, readDkimKey } from '../../../src/relay/dkim-key.ts';
import { domain } from '../../support/relay.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-dkim-'));
after(() => rmSync(folder, { recursive: true }));

function fileOf(content: KeyObject | string, mode = 0o600): string {
  const file = join(folder, `${Math.random()}.pem`);
  const text = typeof content === 'string' ? content : content.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(file, text, { mode });
  return file;
}

const rsa = (bits: number): KeyObject => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
const ed25519 = generateKeyPairSync('ed25519');

async function read(file: string) {
  const parsed = await readDkimKey(file);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

async function faultOf(file: string): Promise<string> {
  const parsed = await readDkimKey(file);
  return parsed.kind === 'invalid' ? parsed.because : assert.fail('it was taken');
}

describe('the file of a key', () => {
  it('holds an RSA or an Ed25519 key, which says how it signs', async () => {
    const long = await read(fileOf(rsa(2048)));
    assert.equal(long.algorithm, 'rsa-sha256');
    assert.deepEqual(long.warnings, []);
    assert.equal((await read(fileOf(ed25519.privateKey))).algorithm, 'ed25519-sha256');
  });

  it('RFC 8301 §3.2: "Signers MUST use RSA keys of at least 1024 bits"', async () => {
    const file = fileOf(rsa(1023));
    assert.match(await faultOf(file), /an RSA key of 1023 bits/);
    assert.ok((await faultOf(file)).startsWith(file));
  });

  it('RFC 8301 §3.2: "Signers SHOULD use RSA keys of at least 2048 bits", so that a shorter one is told', async () => {
    assert.match(
      (await read(fileOf(rsa(1024)))).warnings.join(),
      /an RSA key of 1024 bits; 2048 are advised/,
    );
  });

  it('is questioned where every user of the host can read it', async () => {
    assert.match((await read(fileOf(ed25519.privateKey, 0o644))).warnings.join(), /mode 0644: every user/);
    assert.deepEqual((await read(fileOf(ed25519.privateKey, 0o640))).warnings, []);
  });

  it('is wrong with anything else in it, which is not repeated', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    assert.match(await faultOf(fileOf(ec)), /a key of the kind ec/);
    assert.match(await faultOf(fileOf('secret')), /no private key in PEM form that can be read$/);
    const open = ed25519.publicKey.export({ type: 'spki', format: 'pem' });
    assert.match(await faultOf(fileOf(open)), /no private key/);
    assert.match(await faultOf(join(folder, 'absent.pem')), /cannot be read/);
  });
});

describe('whose key signs', () => {
  const key = (of: string, selector: string, subdomains: boolean): DkimKey => ({
    domain: domain(of),
    selector,
    subdomains,
    key: ed25519.privateKey,
    algorithm: 'ed25519-sha256',
  });
  const ring = keyRing([
    key('example.test', 'a', true),
    key('example.test', 'b', false),
    key('sub.example.test', 'c', false),
    key('other.test', 'd', false),
  ]);
  const of = (author: string) => ring(domain(author)).map(({ selector }) => selector);

  it('all keys of the domain', () => assert.deepEqual(of('example.test'), ['a', 'b']));
  it('one of a domain above, where it is for those below', () => {
    assert.deepEqual(of('x.example.test'), ['a']);
    assert.deepEqual(of('x.other.test'), []);
  });
  it('none from further above than the nearest domain that has keys', () => {
    assert.deepEqual(of('sub.example.test'), ['c']);
    assert.deepEqual(of('x.sub.example.test'), []);
  });
  it('none of a domain whose name only ends alike', () => assert.deepEqual(of('badexample.test'), []));
});
