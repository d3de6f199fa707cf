import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { packetOf } from '../../../../src/protocols/mysql/packet.ts';
import { mysqlReverse } from '../../../../src/protocols/mysql/reverse.ts';
import { beginGatewaySession, type GatewayEffect } from '../../../../src/wire/gateway-session.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { cut, tlsFacts } from '../../../support/transcript.ts';
import { mysqlGreeting } from './samples.ts';

const rules = { hostname: 'gw.example.test', nonce: 'nonce' };

describe('the reverse of a gateway for MySQL', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'mysql', 'reverse')) {
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, () => mysqlReverse(rules)));
  }

  it('any server, in any cut: never a throw, the same effects; before TLS it gets 36 octets at most', () => {
    fc.assert(
      fc.property(server, fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const whole = hear(bytes, Number.POSITIVE_INFINITY);
        assert.deepEqual(hear(bytes, size), whole);
        const secured = whole.findIndex(({ kind }) => kind === 'secureBackend');
        const early = secured === -1 ? whole : whole.slice(0, secured);
        const told = early.flatMap((effect) => (effect.kind === 'toBackend' ? [effect.bytes.length] : []));
        assert.deepEqual(told, secured === -1 ? [] : [36]);
      }),
      { numRuns: 3000 },
    );
  });
});

/** What comes of a server's octets and a client that logs in once it is greeted; TLS comes up where it is asked for. */
function hear(bytes: Buffer, size: number): GatewayEffect[] {
  const run = beginGatewaySession(mysqlReverse(rules));
  run.next({ kind: 'opened', tls: undefined });
  run.next({ kind: 'connected', upstream: undefined });
  const effects: GatewayEffect[] = [];
  let unread: Buffer = Buffer.alloc(0);
  const ended = (): boolean => effects.at(-1)?.kind === 'close' || effects.at(-1)?.kind === 'splice';
  for (const piece of cut(bytes, size)) {
    unread = Buffer.concat([unread, piece]);
    for (let changed = true; changed && unread.length > 0 && !ended(); ) {
      const greeted = effects.length;
      const step = run.next({ kind: 'backend', unread });
      unread = unread.subarray(step.used);
      effects.push(...step.effects);
      changed = step.changed;
      if (greeted > 0 || step.effects[0]?.kind !== 'toClient' || ended()) continue;
      effects.push(...run.next({ kind: 'client', unread: login }).effects);
      const upstream = { facts: tlsFacts, inside: [], greeting: new Uint8Array() };
      if (!ended()) effects.push(...run.next({ kind: 'connected', upstream }).effects);
    }
    assert.ok(unread.length <= 4 + 32_768, 'it waits for more than a packet may have');
  }
  return effects;
}

const head = Buffer.alloc(32);
head.writeUInt32LE(0x0108_a20d, 0);
const login = packetOf(
  1,
  Buffer.concat([head, Buffer.from('alice\0\x03abccaching_sha2_password\0', 'latin1')]),
);
const answer = fc.constantFrom('\x01\x03', '\x01\x04', '\xfeother\0data', '\0\0\0', '\xff\x15\x04no', '\x07');
const server: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.oneof(
      { weight: 5, arbitrary: fc.constant(packetOf(0, mysqlGreeting)) },
      fc.tuple(fc.nat(mysqlGreeting.length - 1), fc.nat(255)).map(([at, octet]) => {
        const bent = Buffer.from(mysqlGreeting);
        bent[at] = octet;
        return packetOf(0, bent);
      }),
    ),
    fc.array(
      fc.oneof(
        fc
          .tuple(fc.integer({ min: 3, max: 5 }), answer)
          .map(([n, text]) => packetOf(n, Buffer.from(text, 'latin1'))),
        fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([greeting, rest]) => Buffer.concat([greeting, ...rest]));
