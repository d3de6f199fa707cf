import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { capabilities } from '../../../../src/protocols/mysql/greeting.ts';
import {
  announcing,
  readResponse,
  sslRequest,
  sslRequestFor,
} from '../../../../src/protocols/mysql/response.ts';
import { serverHello } from '../../../../src/protocols/mysql/steps.ts';
import { transcriptsIn } from '../../../support/transcript.ts';

const { protocol41, tls, secureConnection, pluginAuth, pluginAuthLengthEncoded, connectWithDatabase } =
  capabilities;
const every = 0xffff_ffff;

function login(flags: number, ...parts: readonly string[]): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(flags, 0);
  return Buffer.concat([head, Buffer.from(parts.join(''), 'latin1')]);
}

describe("a client's answer to the greeting", () => {
  const modern = protocol41 | secureConnection | pluginAuth;
  const cases: [what: string, payload: Buffer, plugin: string | null][] = [
    ['with a length of one octet', login(modern, 'alice\0', '\x03abc', 'p\0'), 'p'],
    [
      'with 250 octets and more of attributes',
      login(modern | pluginAuthLengthEncoded, 'alice\0', '\xfa', 'x'.repeat(250), 'p\0', 'more'),
      'p',
    ],
    [
      'with a length of three octets',
      login(modern | pluginAuthLengthEncoded, 'alice\0', '\xfc\x00\x01', 'x'.repeat(256), 'p\0'),
      'p',
    ],
    ['with a database', login(modern | connectWithDatabase, 'alice\0', '\x00', 'shop\0', 'p\0'), 'p'],
    ['without plug-ins', login(protocol41 | secureConnection, 'alice\0', '\x03abc'), null],
    ['with an answer that ends with NUL', login(protocol41 | pluginAuth, 'alice\0', 'abc\0', 'p\0'), 'p'],
  ];
  for (const [what, payload, plugin] of cases) {
    it(`a login ${what}`, () => {
      const expected = { kind: 'login', user: 'alice', plugin, announcesTls: false };
      assert.deepEqual(readResponse(payload, every), expected);
      const announced = readResponse(announcing(payload, true), every);
      assert.deepEqual(announced, { ...expected, announcesTls: true });
    });
  }

  it('lengths that no answer to a challenge has are none', () => {
    for (const length of ['\xfb', '\xfd\x01\0\0', '\xfe\x01\0\0\0\0\0\0\0', '\xff'])
      assert.equal(
        readResponse(login(modern | pluginAuthLengthEncoded, 'alice\0', length, 'p\0'), every).kind,
        'malformed',
      );
  });

  it('what the server does not offer, a client cannot take', () => {
    const payload = login(modern | connectWithDatabase, 'alice\0', '\x00', 'p\0');
    assert.equal(readResponse(payload, every).kind, 'malformed');
    const response = readResponse(payload, every & ~connectWithDatabase);
    assert.ok(response.kind === 'login');
    assert.equal(response.plugin, 'p');
  });

  it('a request for TLS says what the login says, and nothing of who logs in', () => {
    const payload = login(modern | 2, 'alice\0', '\x03abc', 'p\0');
    payload.writeUInt32LE(0x0100_0000, 4);
    payload[8] = 33;
    const request = sslRequestFor(payload);
    assert.deepEqual(request, sslRequest(modern | 2, 0x0100_0000, 33));
    assert.deepEqual(request.length, 32);
    assert.equal(request.readUInt32LE(0), (modern | 2 | tls) >>> 0);
    assert.deepEqual(readResponse(request, every), { kind: 'sslRequest' });
    assert.equal(payload.readUInt32LE(0), modern | 2, 'the login was changed');
  });

  for (const { name, title, entries } of transcriptsIn('recorded', 'mariadb-10.11', 'session')) {
    it(`is read in a login ${title} (${name})`, () => {
      const said = entries.flatMap((entry) => (entry.kind === 'bytes' ? [entry] : []));
      const [first, ...rest] = said;
      assert.ok(first !== undefined);
      const hello = serverHello(first.bytes);
      assert.ok(hello.kind === 'greeting');
      assert.equal(hello.plugin, 'mysql_native_password');
      assert.equal((hello.offered & tls) !== 0, name !== 'login-in-clear');
      const answers = rest
        .filter(({ side }) => side === 'C')
        .map(({ bytes }) => readResponse(bytes.subarray(4), hello.offered));
      const announcesTls = name === 'login-in-tls';
      const user = { kind: 'login', user: 'user', plugin: 'mysql_native_password', announcesTls };
      assert.deepEqual(answers, announcesTls ? [{ kind: 'sslRequest' }, user] : [user]);
    });
  }

  it('any octets: never a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(every), (bytes, offered) => {
        readResponse(Buffer.from(bytes), offered);
        readResponse(Buffer.concat([login(modern), Buffer.from(bytes)]), offered);
      }),
    );
  });
});
