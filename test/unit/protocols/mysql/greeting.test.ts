import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readGreeting, withTls } from '../../../../src/protocols/mysql/greeting.ts';
import { mysqlGreeting } from './samples.ts';

describe('the greeting of MySQL', () => {
  it('is read as the documentation has it', () => {
    assert.deepEqual(readGreeting(mysqlGreeting), {
      kind: 'greeting',
      version: '8.0.36',
      capabilities: 0x0108_aa0d,
      plugin: 'caching_sha2_password',
    });
  });

  it('every cut of it is none, and so is an octet more', () => {
    for (let length = 0; length < mysqlGreeting.length; length++) {
      const greeting = readGreeting(mysqlGreeting.subarray(0, length));
      // Up to the lower half of the flags it is one of a server from before 4.1.
      const old = length === 1 + 7 + 4 + 9 + 2;
      assert.equal(greeting.kind, old ? 'greeting' : 'malformed', `${length} octets`);
    }
    assert.equal(readGreeting(Buffer.concat([mysqlGreeting, Buffer.alloc(1)])).kind, 'malformed');
  });

  it('with TLS offered or not differs in that flag only', () => {
    const without = withTls(mysqlGreeting, false);
    assert.deepEqual(withTls(without, true), mysqlGreeting);
    const differing = [...mysqlGreeting].filter((octet, at) => octet !== without[at]);
    assert.deepEqual(differing, [0xaa]);
    const greeting = readGreeting(without);
    assert.ok(greeting.kind === 'greeting');
    assert.equal(greeting.capabilities, 0x0108_a20d);
  });

  it('any octets: never a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, begins) => {
        readGreeting(Buffer.concat([begins ? mysqlGreeting.subarray(0, 40) : Buffer.alloc(0), bytes]));
      }),
    );
  });
});
