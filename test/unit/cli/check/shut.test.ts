/** When a domain takes no mail, as far as can be seen from here, and when that is only not known. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logOrder, shutOf, shutText } from '../../../../src/cli/check/shut.ts';
import { endpoint, host, report, reported, samples } from './samples.ts';

const dark = { starttls: null, tls: null, program: null } as const;
const door = endpoint(dark);
const second = endpoint({ ...dark, address: '2001:db8::1' });
const at = (id: string, address = '192.0.2.1') =>
  reported({ id, state: 'not-tested', scope: { host: 'mx1.example.test', address, port: 25 } });
const seen = (
  endpoints: readonly ReturnType<typeof endpoint>[],
  ...findings: ReturnType<typeof reported>[]
) => shutOf(report({ hosts: [host({ endpoints: [...endpoints] })], findings }))?.kind;

describe('servers that let nobody through', () => {
  for (const id of ['conn.timeout', 'conn.tarpit', 'conn.closed', 'conn.protocol']) {
    it(`${id} at every address: silent`, () => {
      assert.equal(seen([door], at(id)), 'silent');
      assert.equal(seen([door, second], at(id), at(id, '2001:db8::1')), 'silent');
      assert.equal(seen([door, second], at(id)), undefined, 'of the other address nothing is known');
    });
  }

  it('one that refuses this check may refuse nobody else', () => {
    assert.equal(seen([door], at('conn.blocked')), 'unwilling');
    assert.equal(seen([door, second], at('conn.timeout'), at('conn.blocked', '2001:db8::1')), 'unwilling');
  });

  it('"not now" is no answer, and an open door is one', () => {
    assert.equal(seen([door], at('conn.ratelimited')), undefined);
    assert.equal(seen([door, endpoint({ address: '2001:db8::1' })], at('conn.timeout')), undefined);
    assert.equal(seen([endpoint({ tls: null, starttls: false })], at('conn.timeout')), undefined);
  });

  it('without any connection it may be the network of this host', () => {
    const closed = endpoint({ ...dark, reachable: false });
    assert.equal(seen([closed], at('conn.timeout')), undefined);
    assert.equal(seen([endpoint({ ...dark, reachable: null })], at('conn.unreachable')), undefined);
    const half = endpoint({ ...dark, address: '2001:db8::1', reachable: false });
    assert.equal(seen([door, half], at('conn.closed'), at('conn.refused', '2001:db8::1')), 'silent');
  });

  it('a door that was left alone, or of which nothing is known, may be open', () => {
    const findings = [at('conn.timeout')];
    const { skipped } = samples.throttled.hosts[0] ?? host();
    assert.equal(shutOf(report({ hosts: [host({ endpoints: [door], skipped })], findings })), undefined);
    const unseen = host({ name: 'mx2.example.test', endpoints: [] });
    const hosts = [host({ endpoints: [door] }), unseen];
    assert.equal(shutOf(report({ hosts, findings })), undefined);
    const dead = reported({ id: 'mx.no-address', scope: { host: 'mx2.example.test' } });
    assert.deepEqual(shutOf(report({ hosts, findings: [...findings, dead] })), {
      kind: 'silent',
      hosts: ['mx1.example.test'],
    });
    assert.equal(shutOf(report({ hosts: [], findings: [] })), undefined);
  });

  it('of mail between servers the port for programs is no door', () => {
    const beside = endpoint({ port: 465, mode: 'implicit' });
    assert.equal(seen([door, beside], at('conn.timeout')), 'silent');
  });

  it('names the hosts, and the log of the one that is meant', () => {
    assert.equal(
      shutText({ kind: 'unwilling', hosts: ['mx1.example.test', 'mx2.example.test'] }),
      ': mx1.example.test and mx2.example.test turn this check away; senders that are treated like it cannot deliver',
    );
    assert.match(
      logOrder(at('conn.blocked'), samples.greetless),
      /log of the mail server at mx1\.example\.test/,
    );
    assert.equal(logOrder(at('conn.ratelimited'), samples.greetless), '');
  });
});
