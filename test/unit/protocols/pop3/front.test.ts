import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { pop3Front } from '../../../../src/protocols/pop3/front.ts';
import {
  beginGatewaySession,
  type FrontRules,
  type GatewayEffect,
} from '../../../../src/wire/gateway-session.ts';
import { assertCutsDoNotMatter, turns } from '../../../support/gateway-fuzz.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../support/gateway-transcript.ts';
import { tlsFacts } from '../../../support/transcript.ts';

const rules: FrontRules = {
  hostname: 'gate.example.test',
  requireTls: true,
  client: { address: '192.0.2.1', port: 40_000 },
  xclient: false,
  backendIsLocal: false,
  nonce: 'nonce',
};
const session = () => pop3Front(rules);

describe('transcripts of the front for POP3', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'pop3', 'front'))
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, session));
});

/** Octets that are passed to the backend; not the octets, as the difference of so many takes minutes to tell. */
const octetsPassed = (effects: readonly GatewayEffect[]): number =>
  effects.reduce((sum, effect) => sum + (effect.kind === 'toBackend' ? effect.bytes.length : 0), 0);

describe('the front for POP3', () => {
  it('any octets in any cut: the same effects, and nothing of the client reaches the backend before TLS', () => {
    const client =
      `STLS|STLS|NOOP|CAPA|USER anna|PASS secret|APOP anna x|AUTH|AUTH PLAIN|AUTH PLAIN AGFubmEAc2VjcmV0
AGFubmEAc2VjcmV0|*|QUIT|LANG|GET / HTTP/1.1`.split(/[|\n]/);
    const backend = `+OK|+OK ready <1.2@x>|-ERR|-ERR [AUTH] no|+|+ go|STLS|SASL PLAIN|.|* OK`.split('|');
    assertCutsDoNotMatter(session, turns(client, backend));
  });

  const greeted = () => {
    const run = beginGatewaySession(session());
    run.next({ kind: 'opened', tls: undefined });
    return run;
  };
  const inside = () => {
    const run = beginGatewaySession(session());
    run.next({ kind: 'opened', tls: tlsFacts });
    run.next({ kind: 'connected', upstream: undefined });
    run.next({ kind: 'backend', unread: Buffer.from('+OK ready\r\n') });
    return run;
  };
  const last = (effects: readonly { kind: string }[]): string | undefined => effects.at(-1)?.kind;
  const line = (octets: number): Buffer => Buffer.from(`${'x'.repeat(octets - 2)}\r\n`);

  it('a line in clear of 8192 octets is answered, one more closes, and the line does not have to end for it', () => {
    assert.equal(last(greeted().next({ kind: 'client', unread: line(8192) }).effects), 'toClient');
    assert.equal(last(greeted().next({ kind: 'client', unread: line(8193) }).effects), 'close');
    assert.equal(last(greeted().next({ kind: 'client', unread: Buffer.alloc(8193, 'x') }).effects), 'close');
  });

  it('a hundred commands in clear are answered, and one more closes', () => {
    const run = greeted();
    const unread = Buffer.from('NOOP\r\n');
    for (let at = 0; at < 100; at++)
      assert.equal(last(run.next({ kind: 'client', unread }).effects), 'toClient');
    assert.equal(last(run.next({ kind: 'client', unread: Buffer.from('STLS\r\n') }).effects), 'close');
  });

  it('inside TLS a line of either side has 16384 octets, one more closes', () => {
    for (const [side, passed] of [
      ['client', 'toBackend'],
      ['backend', 'toClient'],
    ] as const) {
      assert.equal(last(inside().next({ kind: side, unread: line(16_384) }).effects), passed);
      assert.equal(last(inside().next({ kind: side, unread: line(16_385) }).effects), 'close');
    }
  });

  it('responses of a login pass at any length, and are not waited for', () => {
    const run = inside();
    run.next({ kind: 'client', unread: Buffer.from('AUTH GSSAPI\r\n') });
    run.next({ kind: 'backend', unread: Buffer.from('+ \r\n') });
    const piece = Buffer.alloc(60_000, 'x');
    for (let at = 0; at < 3; at++)
      assert.equal(octetsPassed(run.next({ kind: 'client', unread: piece }).effects), piece.length);
  });

  it('whatever a client says in clear, no octet of a password is said to anybody', () => {
    const say = fc.constantFrom(
      'USER anna',
      'PASS s3cret',
      'APOP anna s3cret',
      'AUTH PLAIN s3cret',
      'AUTH PLAIN',
      's3cret',
    );
    fc.assert(
      fc.property(fc.array(say, { maxLength: 8 }), (lines) => {
        const run = greeted();
        for (const one of lines) {
          const { effects } = run.next({ kind: 'client', unread: Buffer.from(`${one}\r\n`) });
          const told = effects.map((effect) =>
            'bytes' in effect ? Buffer.from(effect.bytes).toString('latin1') : JSON.stringify(effect),
          );
          assert.doesNotMatch(told.join('\n'), /s3cret/);
        }
      }),
    );
  });
});
