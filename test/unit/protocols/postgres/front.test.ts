import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type PostgresFrontState, postgresFront } from '../../../../src/protocols/postgres/front.ts';
import { sslRequest } from '../../../../src/protocols/postgres/messages.ts';
import {
  beginGatewaySession,
  type FrontRules,
  type GatewayEffect,
  type GatewayInput,
  type GatewaySession,
} from '../../../../src/wire/gateway-session.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { cut, tlsFacts } from '../../../support/transcript.ts';

const rules: FrontRules = {
  hostname: 'gw.example.test',
  requireTls: true,
  client: { address: '192.0.2.1', port: 40_000 },
  xclient: false,
  backendIsLocal: false,
  nonce: 'nonce',
};

/** The same session with handshakes that come to `postgresql`. */
function withAlpn(session: GatewaySession<PostgresFrontState>): GatewaySession<PostgresFrontState> {
  const facts = { ...tlsFacts, alpn: 'postgresql' };
  const bent = (input: GatewayInput): GatewayInput => {
    if (input.kind === 'secured') return { kind: 'secured', facts };
    return input.kind === 'opened' && input.tls !== undefined ? { kind: 'opened', tls: facts } : input;
  };
  return { initial: session.initial, step: (state, input) => session.step(state, bent(input)) };
}

describe('the front of a gateway for PostgreSQL', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'postgres', 'front')) {
    it(`${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => postgresFront(rules)));
  }
  for (const transcript of gatewayTranscriptsIn('gateway', 'postgres', 'direct')) {
    it(`with ALPN: ${transcript.name}: ${transcript.title}`, () =>
      replayGateway(transcript, () => withAlpn(postgresFront(rules))));
  }

  it('behind an SSLRequest, TLS that agrees to another protocol is no way in either', () => {
    const run = beginGatewaySession(postgresFront(rules));
    run.next({ kind: 'opened', tls: undefined });
    run.next({ kind: 'client', unread: Buffer.from(sslRequest) });
    const { effects } = run.next({ kind: 'secured', facts: { ...tlsFacts, alpn: 'http/1.1' } });
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ['close'],
    );
  });

  it('any octets, in any cut: bounded, never a throw, the same effects; in clear nothing but a request to cancel passes', () => {
    fc.assert(
      fc.property(octets, fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        const whole = hear(bytes, Number.POSITIVE_INFINITY);
        assert.deepEqual(hear(bytes, size), whole);
        for (const effect of whole) {
          if (effect.kind === 'splice') assert.fail('spliced in clear');
          if (effect.kind === 'toBackend')
            assert.equal(Buffer.from(effect.bytes).readUInt32BE(4), 80_877_102);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** What comes of octets in clear, with a backend that is there and a handshake that never ends. */
function hear(bytes: Buffer, size: number): GatewayEffect[] {
  const run = beginGatewaySession(postgresFront(rules));
  const effects = [...run.next({ kind: 'opened', tls: undefined }).effects];
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
      if (last === 'connect') effects.push(...run.next({ kind: 'connected', upstream: undefined }).effects);
    }
    assert.ok(unread.length <= 10_004, 'it waits for more than a message may have');
  }
  return effects;
}

const message = (code: number, body: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.writeUInt32BE(code, 4);
  return Buffer.concat([head, body]);
};
const octets: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.constantFrom(80_877_102, 80_877_103, 80_877_104, 196_608, 131_072).map((code) => message(code)),
      fc.constant(message(80_877_102, Buffer.alloc(8, 7))),
      fc.constant(message(196_608, Buffer.from('user\0a\0\0'))),
      fc.constant(Buffer.from([0x16, 3, 1])),
      fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 5 },
  )
  .map((parts) => Buffer.concat(parts));
