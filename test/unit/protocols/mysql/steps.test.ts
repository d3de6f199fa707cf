import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capabilities } from '../../../../src/protocols/mysql/greeting.ts';
import { packetOf } from '../../../../src/protocols/mysql/packet.ts';
import { serverHello } from '../../../../src/protocols/mysql/steps.ts';
import { mysqlGreeting } from './samples.ts';

describe('what a server of MySQL says first', () => {
  it('a greeting, with what it offers', () => {
    const hello = serverHello(packetOf(0, mysqlGreeting));
    assert.ok(hello.kind === 'greeting');
    assert.ok((hello.offered & capabilities.tls) !== 0);
    assert.deepEqual([hello.plugin, hello.used], ['caching_sha2_password', 4 + mysqlGreeting.length]);
  });

  it('one without the protocol of 4.1 is odd', () => {
    const old = Buffer.from(mysqlGreeting);
    old[22] = 0x88;
    assert.equal(serverHello(packetOf(0, old)).kind, 'odd');
  });

  it('an ERR packet, with its number', () => {
    const hello = serverHello(packetOf(0, Buffer.from('\xff\x10\x04Too many connections', 'latin1')));
    assert.ok(hello.kind === 'error');
    assert.equal(hello.code, 1040);
  });
});
