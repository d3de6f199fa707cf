import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { imapFront } from '../../../../src/protocols/imap/front.ts';
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
const session = () => imapFront(rules);

describe('transcripts of the front for IMAP', () => {
  for (const transcript of gatewayTranscriptsIn('gateway', 'imap', 'front'))
    it(`${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, session));
});

/** Octets that are passed to the backend; not the octets, as the difference of so many takes minutes to tell. */
const octetsPassed = (effects: readonly GatewayEffect[]): number =>
  effects.reduce((sum, effect) => sum + (effect.kind === 'toBackend' ? effect.bytes.length : 0), 0);

describe('the front for IMAP', () => {
  it('any octets in any cut: the same effects, and nothing of the client reaches the backend before TLS', () => {
    const client =
      `s STARTTLS|s STARTTLS|a NOOP|a CAPABILITY|b LOGIN anna secret|b LOGIN {3}|b LOGIN {3+}|abc {2+}|b LOGIN {0+}|xy
c AUTHENTICATE PLAIN|c AUTHENTICATE PLAIN AGFubmEAc2VjcmV0|AGFubmEAc2VjcmV0|*|d LOGOUT|GET / HTTP/1.1|a NOOP {9999999+}`.split(
        /[|\n]/,
      );
    const backend =
      `* OK ready|* OK [CAPABILITY IMAP4rev1 STARTTLS] hi|* PREAUTH hi|* BYE no|* CAPABILITY STARTTLS X|a OK done|b OK done
b NO no|c OK done|c NO no|+ |* ID ("x" {3}|* LIST {0}|abc|* 3 EXISTS|* NO [CAPABILITY LOGINDISABLED] x`.split(
        /[|\n]/,
      );
    assertCutsDoNotMatter(session, turns(client, backend));
  });

  const greeted = () => {
    const run = beginGatewaySession(session());
    run.next({ kind: 'opened', tls: undefined });
    return run;
  };
  const last = (effects: readonly { kind: string }[]): string | undefined => effects.at(-1)?.kind;

  it('a line in clear of 8192 octets is answered, one more closes, and the line does not have to end for it', () => {
    const line = (octets: number): Buffer => Buffer.from(`a NOOP ${'x'.repeat(octets - 9)}\r\n`);
    assert.equal(last(greeted().next({ kind: 'client', unread: line(8192) }).effects), 'toClient');
    assert.equal(last(greeted().next({ kind: 'client', unread: line(8193) }).effects), 'close');
    assert.equal(last(greeted().next({ kind: 'client', unread: Buffer.alloc(8193, 'x') }).effects), 'close');
  });

  it('a command of 8192 octets with its literals is skipped, one more closes', () => {
    const ending = (octets: number): string | undefined => {
      const run = greeted();
      const head = `a NOOP {${octets}+}\r\n`;
      const { used } = run.next({ kind: 'client', unread: Buffer.from(head) });
      assert.equal(used, head.length);
      const skipped = run.next({ kind: 'client', unread: Buffer.alloc(octets) });
      if (skipped.used === 0) return 'close';
      return run.next({ kind: 'client', unread: Buffer.from('\r\n') }).effects.at(-1)?.kind;
    };
    assert.equal(ending(8192 - 'a NOOP {8174+}\r\n\r\n'.length), undefined);
    assert.equal(ending(8193 - 'a NOOP {8174+}\r\n\r\n'.length), 'close');
  });

  it('a hundred commands in clear are answered, and one more closes', () => {
    const run = greeted();
    const unread = Buffer.from('a NOOP\r\n');
    for (let at = 0; at < 100; at++)
      assert.equal(last(run.next({ kind: 'client', unread }).effects), 'toClient');
    const effects = run.next({ kind: 'client', unread: Buffer.from('a STARTTLS\r\n') }).effects;
    assert.equal(last(effects), 'close');
  });

  it('inside TLS a command line and a line of the backend have 16384 octets, one more closes', () => {
    const inside = () => {
      const run = greeted();
      run.next({ kind: 'client', unread: Buffer.from('s STARTTLS\r\n') });
      run.next({ kind: 'secured', facts: tlsFacts });
      run.next({ kind: 'connected', upstream: undefined });
      run.next({ kind: 'backend', unread: Buffer.from('* OK ready\r\n') });
      // Before the first command the backend is not heard.
      run.next({ kind: 'client', unread: Buffer.from('t STARTTLS\r\n') });
      return run;
    };
    for (const [side, start] of [
      ['client', 'a NOOP '],
      ['backend', '* LIST '],
    ] as const) {
      const line = (octets: number): Buffer => Buffer.from(`${start}${'x'.repeat(octets - 9)}\r\n`);
      const passed = side === 'client' ? 'toBackend' : 'toClient';
      assert.equal(last(inside().next({ kind: side, unread: line(16_384) }).effects), passed);
      assert.equal(last(inside().next({ kind: side, unread: line(16_385) }).effects), 'close');
    }
  });

  it('literals and responses of a login pass at any length, and are not waited for', () => {
    const run = beginGatewaySession(session());
    run.next({ kind: 'opened', tls: tlsFacts });
    run.next({ kind: 'connected', upstream: undefined });
    run.next({ kind: 'backend', unread: Buffer.from('* OK ready\r\n') });
    run.next({ kind: 'client', unread: Buffer.from('a LOGIN {9000000000+}\r\n') });
    const piece = Buffer.alloc(60_000, '\n');
    assert.equal(octetsPassed(run.next({ kind: 'client', unread: piece }).effects), piece.length);
  });

  it('whatever a client says in clear, no octet of a password is said to anybody', () => {
    const say = fc.constantFrom(
      'a LOGIN anna s3cret',
      'a LOGIN {4+}',
      'anna {6+}',
      's3cret',
      'b AUTHENTICATE PLAIN s3cret',
    );
    fc.assert(
      fc.property(fc.array(say, { maxLength: 8 }), (lines) => {
        const run = greeted();
        let unread = Buffer.from(`${lines.join('\r\n')}\r\n`);
        for (let changed = true; changed && unread.length > 0; ) {
          const step = run.next({ kind: 'client', unread });
          const told = step.effects.map((effect) =>
            'bytes' in effect ? Buffer.from(effect.bytes).toString('latin1') : JSON.stringify(effect),
          );
          assert.doesNotMatch(told.join('\n'), /s3cret/);
          unread = unread.subarray(step.used);
          changed = step.changed && last(step.effects) !== 'close';
        }
      }),
    );
  });
});
