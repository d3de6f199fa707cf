import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { postgresReverse } from '../../../../src/protocols/postgres/reverse.ts';
import { beginGatewaySession, type GatewayEffect } from '../../../../src/wire/gateway-session.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { cut, tlsFacts } from '../../../support/transcript.ts';

const rules = { hostname: 'gw.example.test', nonce: 'nonce' };

describe('the reverse of a gateway for PostgreSQL', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'postgres', 'reverse')) {
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => postgresReverse(rules)));
  }

  it('any octets of a client, in any cut: never a throw, the same effects, and nothing goes on before TLS stands', () => {
    fc.assert(
      fc.property(octets, fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const whole = hear(bytes, Number.POSITIVE_INFINITY);
        assert.deepEqual(hear(bytes, size), whole);
        const asked = whole.findIndex(({ kind }) => kind === 'connect');
        const early = asked === -1 ? whole : whole.slice(0, asked);
        for (const { kind } of early) assert.ok(kind !== 'toBackend' && kind !== 'splice', kind);
      }),
      { numRuns: 3000 },
    );
  });
});

function hear(bytes: Buffer, size: number): GatewayEffect[] {
  const run = beginGatewaySession(postgresReverse(rules));
  run.next({ kind: 'opened', tls: undefined });
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
      if (last === 'close' || last === 'splice') return effects;
      const upstream = { facts: tlsFacts, inside: [], greeting: new Uint8Array() };
      if (last === 'connect') effects.push(...run.next({ kind: 'connected', upstream }).effects);
      if (effects.at(-1)?.kind === 'splice') return effects;
    }
  }
  return effects;
}

const startup = Buffer.from('\0\0\0\x10\0\x03\0\0user\0a\0\0', 'latin1');
const octets: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc
        .constantFrom('0000000804d2162f', '0000000804d21630', '0000001004d2162e0000000100000002')
        .map((hex) => Buffer.from(hex, 'hex')),
      fc.constant(startup),
      fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 4 },
  )
  .map((parts) => Buffer.concat(parts));
