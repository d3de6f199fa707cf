import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tlsRpt } from '../../../../../src/cli/config/schema/tls-rpt.ts';

/** What is wrong with each key, as `key: message`. */
function faults(written: Readonly<Record<string, unknown>>): readonly string[] {
  const read = tlsRpt.safeParse(written);
  return (read.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('[tls_rpt]', () => {
  it('keeps results for ten days, and opens no socket', () => {
    assert.deepEqual(tlsRpt.parse({}), { keep: 10 * 86_400_000, socket_mode: '0660' });
  });

  it('keeps results for whole days, however they are written', () => {
    assert.equal(tlsRpt.parse({ keep: '48h' }).keep, 2 * 86_400_000);
    for (const keep of ['36h', '1h', '25h', '90000s'])
      assert.match(faults({ keep }).join(), /^keep: .* is not a number of whole days such as "10d"$/, keep);
  });

  it('takes a socket with its mode and group', () => {
    const written = { keep: '3d', socket: '/run/t.sock', socket_mode: '622', socket_group: 'postfix' };
    assert.deepEqual(faults(written), []);
  });

  it('takes a path of 107 octets, and none that no socket can have', () => {
    assert.deepEqual(faults({ socket: `/${'x'.repeat(106)}` }), []);
    assert.match(faults({ socket: `/${'ü'.repeat(53)}x` }).join(), /^socket: is longer than 107 octets/);
    assert.match(faults({ socket: '' }).join(), /^socket: "" is not a path$/);
  });

  it('takes modes as chmod has them', () => {
    for (const mode of ['0', '66', '0680', '1660', 'rw-rw----', '06600', ' 0660'])
      assert.match(
        faults({ socket_mode: mode }).join(),
        /^socket_mode: .* is not a mode such as "0660"$/,
        mode,
      );
  });

  it('takes names of groups that no shell would misread', () => {
    for (const group of ['', '-x', 'a b', 'a/b', 'x'.repeat(65)])
      assert.match(
        faults({ socket: '/s', socket_group: group }).join(),
        /is not the name of a group$/,
        group,
      );
  });

  it('refuses a group where there is no file', () => {
    assert.match(faults({ socket_group: 'postfix' }).join(), /^socket_group: stands without socket/);
  });
});
