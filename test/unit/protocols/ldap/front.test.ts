import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ldapFront } from '../../../../src/protocols/ldap/front.ts';
import { beginGatewaySession, type GatewayRun } from '../../../../src/wire/gateway-session.ts';
import { assertCutsDoNotMatter } from '../../../support/gateway-fuzz.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { tlsFacts } from '../../../support/transcript.ts';
import { hostileTurns } from './hostile.ts';

describe('the front of a gateway for LDAP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'ldap', 'front')) {
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, ldapFront));
  }

  it('any octets in any cut: the same effects, and nothing of the client reaches the directory before TLS', () => {
    assertCutsDoNotMatter(ldapFront, hostileTurns);
  });

  it('a message larger than every buffer is passed on as it comes, both ways', () => {
    const run = begunInside();
    // A request (add) and a response (search result entry) that announce 1 GiB.
    for (const [side, kind, operation] of [
      ['client', 'toBackend', 0x68],
      ['backend', 'toClient', 0x64],
    ] as const) {
      const head = Buffer.from([0x30, 0x84, 0x40, 0, 0, 9, 2, 1, 5, operation, 0x84, 0x40, 0, 0, 0]);
      for (const octets of [head, Buffer.alloc(50_000), Buffer.alloc(65_536)]) {
        const { used, effects } = run.next({ kind: side, unread: octets });
        assert.equal(used, octets.length);
        assert.deepEqual(effects, [{ kind, bytes: octets }]);
      }
    }
  });

  it('a head is waited for, and no more of a message than that', () => {
    const run = begunInside();
    const head = Buffer.from('3084400000090201056884400000', 'hex');
    assert.deepEqual(run.next({ kind: 'client', unread: head }), { used: 0, effects: [], changed: false });
    assert.equal(run.next({ kind: 'client', unread: Buffer.concat([head, Buffer.alloc(1)]) }).used, 15);
  });
});

function begunInside(): GatewayRun {
  const run = beginGatewaySession(ldapFront());
  run.next({ kind: 'opened', tls: tlsFacts });
  run.next({ kind: 'connected', upstream: undefined });
  return run;
}
