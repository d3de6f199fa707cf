import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { lmtpFront, smtpFront, submissionFront } from '../../../../../src/protocols/smtp/gateway/front.ts';
import {
  beginGatewaySession,
  type FrontRules,
  type GatewayEffect,
  type GatewaySession,
} from '../../../../../src/wire/gateway-session.ts';
import { gatewayTranscriptsIn, replayGateway } from '../../../../support/gateway-transcript.ts';
import { tlsFacts } from '../../../../support/transcript.ts';

const rules: FrontRules = {
  hostname: 'gw.example.test',
  requireTls: false,
  client: { address: '192.0.2.7', port: 40_000 },
  xclient: false,
  backendIsLocal: false,
  nonce: 'nonce',
};

describe('the front of SMTP and LMTP', () => {
  const folders = {
    front: () => smtpFront(rules),
    submission: () => submissionFront(rules),
    lmtp: () => lmtpFront(rules),
    xclient: () => smtpFront({ ...rules, xclient: true }),
  };
  for (const [folder, session] of Object.entries(folders)) {
    for (const transcript of gatewayTranscriptsIn('gateway', 'smtp', folder)) {
      it(`${folder}/${transcript.name}: ${transcript.title}`, () => replayGateway(transcript, session));
    }
  }
});

/** What a session does with these octets of client and backend, in pieces; a handshake and a connection always succeed. */
function play<State>(session: GatewaySession<State>, script: readonly Piece[], pieceOf: number): Played {
  const run = beginGatewaySession(session);
  const played: Played = { toClient: '', toBackend: '', inClear: '', ended: false };
  const unread = { client: Buffer.alloc(0), backend: Buffer.alloc(0) };
  let secured = false;
  let waiting: 'nothing' | 'startTls' | 'connect' = 'nothing';
  const carryOut = (effects: readonly GatewayEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'toClient') played.toClient += Buffer.from(effect.bytes).toString('latin1');
      else if (effect.kind === 'toBackend') {
        const text = Buffer.from(effect.bytes).toString('latin1');
        played.toBackend += text;
        if (!secured) played.inClear += text;
      } else if (effect.kind === 'close') played.ended = true;
      else if (effect.kind === 'startTls' || effect.kind === 'connect') waiting = effect.kind;
    }
  };
  const work = (): void => {
    for (let go = true; go && !played.ended; ) {
      go = false;
      if (waiting === 'startTls') {
        waiting = 'nothing';
        secured = true;
        // Plaintext would have killed the handshake.
        unread.client = Buffer.alloc(0);
        carryOut(run.next({ kind: 'secured', facts: tlsFacts }).effects);
        go = true;
      } else if (waiting === 'connect') {
        waiting = 'nothing';
        unread.backend = Buffer.alloc(0);
        carryOut(run.next({ kind: 'connected', upstream: undefined }).effects);
        go = true;
      }
      for (const side of ['backend', 'client'] as const) {
        if (unread[side].length === 0 || waiting !== 'nothing' || played.ended) continue;
        const step = run.next({ kind: side, unread: unread[side] });
        unread[side] = unread[side].subarray(step.used);
        carryOut(step.effects);
        go ||= step.changed;
      }
    }
  };
  carryOut(run.next({ kind: 'opened', tls: undefined }).effects);
  work();
  for (const { side, text } of script) {
    const bytes = Buffer.from(text, 'latin1');
    for (let from = 0; from < bytes.length && !played.ended; from += pieceOf) {
      unread[side] = Buffer.concat([unread[side], bytes.subarray(from, from + pieceOf)]);
      work();
    }
  }
  return played;
}

interface Piece {
  readonly side: 'client' | 'backend';
  readonly text: string;
}

interface Played {
  toClient: string;
  toBackend: string;
  /** Of what the backend was told: before TLS. */
  inClear: string;
  ended: boolean;
}

const clientWords = fc.constantFrom(
  'EHLO c.example.test\r\n',
  'LHLO c.example.test\r\n',
  'MAIL FROM:<a@example.test>\r\n',
  'RCPT TO:<b@example.test>\r\n',
  'DATA\r\n',
  'BDAT 5 LAST\r\n',
  'hello',
  'text\r\n.\r\n',
  '\n.\r\n',
  'AUTH PLAIN AHVzZXIAcGVuY2ls\r\n',
  'AHVzZXIAcGVuY2ls\r\n',
  'QUIT\r\n',
  'XCLIENT ADDR=1.2.3.4\r\n',
  'NOOP\n',
);
const backendWords = fc.constantFrom(
  '220 mx.example.test\r\n',
  '250-mx.example.test\r\n250-STARTTLS\r\n250-XCLIENT ADDR\r\n250 SIZE\r\n',
  '250 ok\r\n',
  '354 go\r\n',
  '334 more\r\n',
  '550 no\r\n',
  '421 bye\r\n',
  'nonsense\r\n',
);
const scripts = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ side: fc.constant('client' as const), text: clientWords }) },
    { weight: 3, arbitrary: fc.record({ side: fc.constant('backend' as const), text: backendWords }) },
    { weight: 1, arbitrary: fc.constant({ side: 'client' as const, text: 'STARTTLS\r\n' }) },
  ),
  { maxLength: 30 },
);

it('a link-local client is told to the backend without its zone, which means something here only', () => {
  const run = beginGatewaySession(
    smtpFront({ ...rules, xclient: true, client: { address: 'fe80::7%eth0', port: 1 } }),
  );
  run.next({ kind: 'opened', tls: undefined });
  run.next({ kind: 'connected', upstream: undefined });
  run.next({ kind: 'backend', unread: Buffer.from('220 x\r\n') });
  run.next({ kind: 'backend', unread: Buffer.from('250-x\r\n') });
  const { effects } = run.next({ kind: 'backend', unread: Buffer.from('250 XCLIENT ADDR\r\n') });
  assert.deepEqual(effects, [{ kind: 'toBackend', bytes: Buffer.from('XCLIENT ADDR=IPV6:fe80::7\r\n') }]);
});

describe('whatever client and backend say', () => {
  it('the backend hears the same for every cut of the octets, and so does the client', () => {
    fc.assert(
      fc.property(scripts, fc.integer({ min: 1, max: 7 }), (script, size) => {
        for (const session of [smtpFront, submissionFront, lmtpFront])
          assert.deepEqual(play(session(rules), script, size), play(session(rules), script, 1_000));
      }),
      { numRuns: 2_000 },
    );
  });

  it('where TLS is required the backend hears nothing before it, and no login is heard in clear anywhere', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        assert.equal(play(submissionFront(rules), script, 1_000).inClear, '');
        assert.equal(play(lmtpFront(rules), script, 1_000).inClear, '');
        // Octets of a message may look like anything.
        const commands = script.filter(({ text }) => !/^(?:BDAT|DATA)/.test(text));
        assert.doesNotMatch(play(smtpFront(rules), commands, 1_000).inClear, /^AUTH /m);
      }),
      { numRuns: 3_000 },
    );
  });

  it("the backend's own STARTTLS and XCLIENT are seen by nobody", () => {
    const greeting: Piece = { side: 'backend', text: '220 mx.example.test\r\n' };
    const offers = '250-mx.example.test\r\n250-STARTTLS\r\n250-XCLIENT ADDR\r\n250-starttls\r\n250 SIZE\r\n';
    fc.assert(
      fc.property(fc.array(fc.constantFrom('EHLO x', 'NOOP', 'STARTTLS'), { maxLength: 12 }), (commands) => {
        const script = [greeting];
        for (const [index, command] of commands.entries()) {
          script.push({ side: 'client', text: `${command}\r\n` });
          if (command === 'EHLO x') script.push({ side: 'backend', text: offers });
          else if (command === 'NOOP') script.push({ side: 'backend', text: '250 ok\r\n' });
          else if (commands.indexOf(command) === index) script.push(greeting);
        }
        const { toClient, toBackend } = play(smtpFront(rules), script, 1_000);
        assert.doesNotMatch(toClient, /XCLIENT|starttls/);
        assert.doesNotMatch(toBackend, /^STARTTLS/m);
        const seen = toClient.split('220 2.0.0 ready to start TLS\r\n');
        const inside = seen.slice(1).join('');
        assert.doesNotMatch(inside, /STARTTLS/);
        const hellos = commands
          .slice(0, commands.indexOf('STARTTLS'))
          .filter((one) => one === 'EHLO x').length;
        if (commands.includes('STARTTLS'))
          assert.equal((seen[0] ?? '').split('250 STARTTLS').length - 1, hellos);
      }),
      { numRuns: 1_000 },
    );
  });
});
