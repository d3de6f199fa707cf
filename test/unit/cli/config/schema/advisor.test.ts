import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advisor } from '../../../../../src/cli/config/schema/advisor.ts';
import { settledInAdvisor, toAdvisor } from '../../../../../src/cli/config/settle-advisor.ts';

type Written = Readonly<Record<string, unknown>>;

/** What is wrong with each key, as `key: message`. */
function faults(...listener: readonly Written[]): readonly string[] {
  const read = advisor.safeParse({ listener });
  return (read.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const socketmap = { protocol: 'socketmap', address: '127.0.0.1:8461' };

describe('[advisor]', () => {
  it('answers nobody by default', () =>
    assert.deepEqual(advisor.parse({}), { connections: 2_000, answers: 100_000, listener: [] }));

  it('takes an address, or a socket with its mode', () => {
    const { listener } = advisor.parse({
      listener: [
        socketmap,
        { protocol: 'http', socket: '/run/a.sock', socket_mode: '660', postfix: '3.10.4', outcomes: true },
      ],
    });
    assert.deepEqual(listener, [
      {
        protocol: 'socketmap',
        place: { kind: 'address', address: '127.0.0.1', port: 8461 },
        version: { major: 3, minor: 4 },
        dane: 'with',
        outcomes: false,
      },
      {
        protocol: 'http',
        place: { kind: 'file', path: '/run/a.sock', mode: 0o660 },
        version: { major: 3, minor: 10 },
        dane: 'with',
        outcomes: true,
      },
    ]);
  });

  it('needs one of them, and only one', () => {
    assert.deepEqual(faults({ protocol: 'line' }), ['listener.0.address: is missing, and so is socket']);
    assert.deepEqual(faults({ ...socketmap, socket: '/s' }), [
      'listener.0.socket: cannot be given beside address',
    ]);
  });

  it('has no key that does nothing', () => {
    const line = { protocol: 'line', socket: '/s' };
    assert.deepEqual(faults({ ...line, postfix: '3.7', dane: false }), [
      'listener.0.postfix: is about a Postfix that asks, and line is for Exim',
      'listener.0.dane: is about a Postfix that asks, and line is for Exim',
    ]);
    assert.deepEqual(faults({ ...socketmap, outcomes: false }), ['listener.0.outcomes: is for http only']);
  });

  it('refuses two at one place', () => {
    assert.deepEqual(faults(socketmap, { ...socketmap, protocol: 'line' }), [
      'listener.1.address: is the same as in [0]',
    ]);
    const file = { protocol: 'line', socket: '/s' };
    assert.deepEqual(faults(file, file), ['listener.1.socket: is the same as in [0]']);
    const anywhere = { ...socketmap, address: '127.0.0.1:0' };
    assert.deepEqual(faults(anywhere, anywhere), []);
  });

  it('HTTP is for this host, as it has no keys', () => {
    const http = { protocol: 'http', address: '192.0.2.1:80' };
    assert.match(faults(http).join(), /^listener\.0\.address: has to be of this host for http/);
    assert.deepEqual(faults({ ...http, address: '[::1]:80' }), []);
    assert.deepEqual(faults({ ...socketmap, address: '192.0.2.1:8461' }), []);
  });

  it('takes versions of Postfix that there are, and that know DANE', () => {
    for (const postfix of ['2.11', '3.4', '3.7.11', '3.10', '4.0'])
      assert.deepEqual(faults({ ...socketmap, postfix }), [], postfix);
    for (const postfix of ['', '3', '3.', 'x', '3.7-1', '03.007.1234'])
      assert.match(faults({ ...socketmap, postfix }).join(), /is not a version such as "3\.7"/, postfix);
    for (const postfix of ['2.10', '1.0'])
      assert.match(faults({ ...socketmap, postfix }).join(), /a Postfix before 2\.11 knows nothing of DANE/);
  });
});

describe('where the advisor listens', () => {
  it('a path is relative to the file that names it', () => {
    const settings = toAdvisor(
      advisor.parse({ listener: [socketmap, { protocol: 'line', socket: 'a.sock' }] }),
      { absolute: (path, written) => `/etc/${path}/${written}` },
    );
    assert.equal(settings.connections, 2_000);
    assert.deepEqual(settings.listeners[1]?.place, {
      kind: 'file',
      path: '/etc/advisor.listener[1].socket/a.sock',
      mode: 0o666,
    });
    assert.deepEqual(settledInAdvisor(settings), [
      ['advisor.listener[1].socket', '/etc/advisor.listener[1].socket/a.sock'],
    ]);
  });
});
