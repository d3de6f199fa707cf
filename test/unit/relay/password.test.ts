import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  hashPassword,
  isPassword,
  type PasswordHash,
  parsePasswordHash,
} from '../../../src/relay/password.ts';

function read(text: string): PasswordHash {
  const parsed = parsePasswordHash(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const SALT = 'c29tZXNhbHQ';
const HASH = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
const scramSalt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const scramKeys = 'WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';

describe('a hash that another program made', () => {
  const made: readonly [from: string, text: string, password: string][] = [
    [
      'argon2id, the reference implementation (RFC 9106)',
      `$argon2id$v=19$m=65536,t=2,p=1$${SALT}$${HASH}`,
      'password',
    ],
    [
      'argon2i, the reference implementation',
      '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
      'password',
    ],
    [
      'scrypt, RFC 7914 §12: N = 16384, r = 8, p = 1',
      '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw',
      'pleaseletmein',
    ],
    [
      'SCRAM, the keys of the exchange in RFC 7677 §3',
      `SCRAM-SHA-256$4096:${scramSalt}$${scramKeys}`,
      'pencil',
    ],
  ];
  for (const [from, text, password] of made) {
    it(`proves its password and no other: ${from}`, async () => {
      const hash = read(text);
      assert.equal(await isPassword(password, hash), true);
      for (const wrong of [`${password} `, password.toUpperCase(), '']) {
        assert.equal(await isPassword(wrong, hash), false, wrong);
      }
    });
  }
});

describe('hashPassword', () => {
  for (const kind of ['argon2id', 'scrypt', 'scram'] as const) {
    it(`makes a ${kind} hash that can be read, of UTF-8 too`, async () => {
      const salts = [1, 2].map((fill) => new Uint8Array(16).fill(fill));
      const [one = '', other = ''] = await Promise.all(
        salts.map((salt) =>
          hashPassword('pässword', kind, (octets) => {
            assert.equal(octets, salt.length);
            return salt;
          }),
        ),
      );
      assert.notEqual(one, other);
      assert.equal(await isPassword('pässword', read(one)), true);
      assert.equal(await isPassword('password', read(one)), false);
    });
  }
});

describe('parsePasswordHash refuses', () => {
  const refused: readonly [text: string, because: RegExp][] = [
    ['', /no PHC string/],
    ['hunter2', /no PHC string/],
    ['$2b$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q', /no PHC string/],
    [`$argon2id$v=19$m=65536,t=2,p=1$${SALT}=$${HASH}`, /no PHC string/],
    [`$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHR$${HASH}`, /no PHC string/],
    [`$argon2id$v=19$m=65536,t=2,p=1$${SALT}$${HASH}\n`, /no PHC string/],
    [`$argon2d$v=19$m=65536,t=2,p=1$${SALT}$${HASH}`, /algorithm is not argon2id/],
    [`$pbkdf2$m=65536,t=2,p=1$${SALT}$${HASH}`, /algorithm is not argon2id/],
    [`$argon2id$m=65536,t=2,p=1$${SALT}$${HASH}`, /only version 19/],
    [`$argon2id$v=16$m=65536,t=2,p=1$${SALT}$${HASH}`, /only version 19/],
    [`$argon2id$v=19$t=2,m=65536,p=1$${SALT}$${HASH}`, /m=…,t=…,p=… in this order/],
    [
      `$argon2id$v=19$m=262145,t=2,p=1$${SALT}$${HASH}`,
      /memory \(m\) is 262145 KiB, the limits are 8 and 262144/,
    ],
    [`$argon2id$v=19$m=15,t=2,p=2$${SALT}$${HASH}`, /memory \(m\) is 15 KiB, the limits are 16 and/],
    [`$argon2id$v=19$m=65536,t=17,p=1$${SALT}$${HASH}`, /time \(t\) is 17 passes, the limits are 1 and 16/],
    [`$argon2id$v=19$m=65536,t=0,p=1$${SALT}$${HASH}`, /time \(t\) is 0 passes/],
    [`$argon2id$v=19$m=65536,t=2,p=17$${SALT}$${HASH}`, /parallelism \(p\) is 17 lanes/],
    [`$argon2id$v=19$m=65536,t=2,p=0$${SALT}$${HASH}`, /parallelism \(p\) is 0 lanes/],
    [`$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$${HASH}`, /salt is 4 octets, the limits are 8 and 64/],
    [`$argon2id$v=19$m=65536,t=2,p=1$${SALT}$AAAA`, /hash is 3 octets, the limits are 16 and 64/],
    [`$scrypt$v=1$ln=14,r=8,p=1$${SALT}$${HASH}`, /algorithm is not argon2id/],
    [`$scrypt$N=14,r=8,p=1$${SALT}$${HASH}`, /ln=…,r=…,p=… in this order/],
    [
      `$scrypt$ln=19,r=8,p=1$${SALT}$${HASH}`,
      /memory \(ln and r\) is 524288 KiB, the limits are 0 and 262144/,
    ],
    [`$scrypt$ln=16,r=1,p=1$${SALT}$${HASH}`, /cost \(ln\) is 16 as a power of 2, the limits are 1 and 15/],
    [`$scrypt$ln=0,r=8,p=1$${SALT}$${HASH}`, /cost \(ln\) is 0/],
    [`$scrypt$ln=14,r=8,p=17$${SALT}$${HASH}`, /parallelism \(p\) is 17 rounds/],
    [
      `SCRAM-SHA-256$4095:${scramSalt}$${scramKeys}`,
      /iteration count is 4095 rounds, the limits are 4096 and/,
    ],
    [`SCRAM-SHA-256$1000001:${scramSalt}$${scramKeys}`, /iteration count is 1000001 rounds/],
    [
      `SCRAM-SHA-256$4096:${scramSalt}$AAAA:${scramKeys.split(':')[1]}`,
      /StoredKey is 3 octets, the limits are 32/,
    ],
    [`SCRAM-SHA-256$4096:W22ZaJ0S=$${scramKeys}`, /no base64/],
    [`SCRAM-SHA-1$4096:${scramSalt}$${scramKeys}`, /no PHC string/],
  ];
  for (const [text, because] of refused) {
    it(`${JSON.stringify(text)}, and says why without showing it`, () => {
      const parsed = parsePasswordHash(text);
      assert.equal(parsed.kind, 'invalid');
      assert.match(parsed.because, because);
      // What stands there may be the password in clear.
      if (text !== '') assert.ok(!parsed.because.includes(text.slice(-12)));
    });
  }

  it('Argon2 where Node cannot compute it, with the version that can', () => {
    const parsed = parsePasswordHash(`$argon2id$v=19$m=65536,t=2,p=1$${SALT}$${HASH}`, false);
    assert.match(parsed.kind === 'invalid' ? parsed.because : '', /came with Node 24\.7/);
    assert.equal(parsePasswordHash(`$scrypt$ln=14,r=8,p=1$${SALT}$${HASH}`, false).kind, 'ok');
  });

  it('nothing at the very limits', () => {
    for (const text of [
      `$argon2id$v=19$m=262144,t=16,p=16$${SALT}$${HASH}`,
      `$scrypt$ln=18,r=8,p=16$${SALT}$${HASH}`,
      `SCRAM-SHA-256$1000000:${scramSalt}$${scramKeys}`,
    ]) {
      read(text);
    }
  });

  it('and the greatest cost that it lets pass can be computed', async () => {
    assert.equal(await isPassword('password', read(`$scrypt$ln=18,r=8,p=1$${SALT}$${HASH}`)), false);
  });
});
