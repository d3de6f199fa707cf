import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { mysqlFront } from '../../../../src/protocols/mysql/front.ts';
import { packetOf } from '../../../../src/protocols/mysql/packet.ts';
import {
  beginGatewaySession,
  type FrontRules,
  type GatewayEffect,
} from '../../../../src/wire/gateway-session.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { cut } from '../../../support/transcript.ts';
import { mysqlGreeting } from './samples.ts';

const rules: FrontRules = {
  hostname: 'gw.example.test',
  requireTls: true,
  client: { address: '192.0.2.1', port: 40_000 },
  xclient: false,
  backendIsLocal: false,
  nonce: 'nonce',
};

describe('the front of a gateway for MySQL', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'mysql', 'front')) {
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, () => mysqlFront(rules)));
  }
  for (const transcript of gatewayTranscriptsIn('gateway', 'mysql', 'local')) {
    it(`by a unix socket: ${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => mysqlFront({ ...rules, backendIsLocal: true })));
  }

  it('any octets in clear, in any cut: bounded, never a throw, the same effects; nothing reaches the backend', () => {
    fc.assert(
      fc.property(octets, fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const whole = hear(bytes, Number.POSITIVE_INFINITY);
        assert.deepEqual(hear(bytes, size), whole);
        for (const { kind } of whole) assert.ok(kind !== 'splice' && kind !== 'toBackend', kind);
      }),
      { numRuns: 3000 },
    );
  });
});

/** What comes of what a client says in clear, with a handshake that never ends. */
function hear(bytes: Buffer, size: number): GatewayEffect[] {
  const run = beginGatewaySession(mysqlFront(rules));
  run.next({ kind: 'opened', tls: undefined });
  run.next({ kind: 'connected', upstream: undefined });
  run.next({ kind: 'backend', unread: packetOf(0, mysqlGreeting) });
  const effects: GatewayEffect[] = [];
  let unread: Buffer = Buffer.alloc(0);
  for (const piece of cut(bytes, size)) {
    unread = Buffer.concat([unread, piece]);
    for (let changed = true; changed && unread.length > 0; ) {
      const step = run.next({ kind: 'client', unread });
      unread = unread.subarray(step.used);
      effects.push(...step.effects);
      changed = step.changed;
      const last = effects.at(-1)?.kind;
      if (last === 'startTls' || last === 'close' || last === 'splice') return effects;
    }
    assert.ok(unread.length <= 4 + 32_768, 'it waits for more than a packet may have');
  }
  return effects;
}

const head = Buffer.alloc(32);
head.writeUInt32LE(0x0108_aa0d, 0);
const login = Buffer.concat([head, Buffer.from('alice\0\x03abccaching_sha2_password\0', 'latin1')]);
const payload = fc.oneof(
  fc.constantFrom(head, login, Buffer.alloc(0)),
  fc.tuple(fc.nat(login.length - 1), fc.nat(255)).map(([at, octet]) => {
    const bent = Buffer.from(login);
    bent[at] = octet;
    return bent;
  }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const octets: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constantFrom(1, 1, 1, 2), payload).map(([n, p]) => packetOf(n, p)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)) },
    ),
    { maxLength: 3 },
  )
  .map((parts) => Buffer.concat(parts));
