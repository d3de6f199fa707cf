import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { boundByAddress } from '../../../../src/relay/http-api/connections.ts';

class Connection extends EventEmitter {
  readonly remoteAddress: string;
  destroyed = false;

  constructor(address: string) {
    super();
    this.remoteAddress = address;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function setting(most: number) {
  const server = new EventEmitter();
  boundByAddress(server, () => most);
  return (address: string): Connection => {
    const connection = new Connection(address);
    server.emit('connection', connection);
    return connection;
  };
}

describe('connections of one address', () => {
  it('are so many at once, and as many again once they are closed', () => {
    const connect = setting(2);
    const [first, second, third] = [connect('192.0.2.1'), connect('192.0.2.1'), connect('192.0.2.1')];
    assert.deepEqual([first.destroyed, second.destroyed, third.destroyed], [false, false, true]);
    assert.equal(connect('192.0.2.2').destroyed, false, 'others are not concerned');
    first.destroy();
    assert.equal(connect('192.0.2.1').destroyed, false);
    assert.equal(connect('192.0.2.1').destroyed, true);
  });

  it('are those of a whole /64', () => {
    const connect = setting(1);
    connect('2001:db8::1');
    assert.equal(connect('2001:db8::2').destroyed, true);
    assert.equal(connect('2001:db8:0:1::1').destroyed, false);
  });

  it('are not counted for this host', () => {
    const connect = setting(1);
    for (const address of ['127.0.0.1', '127.0.0.1', '::1', '::1', '::ffff:127.0.0.1', '::ffff:127.0.0.1'])
      assert.equal(connect(address).destroyed, false, address);
  });
});
