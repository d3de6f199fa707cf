import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GatewayInput, GatewaySession, GatewayStep } from '../../../src/wire/gateway-session.ts';
import { beginGatewaySession } from '../../../src/wire/gateway-session.ts';
import { parseGatewayTranscript, replayGateway } from '../../support/gateway-transcript.ts';

/** A protocol of lines: UP upgrades, GO goes on to the backend, everything else is echoed. */
interface Toy {
  readonly secured: boolean;
}

function toy(
  parts: { readonly keepsState?: boolean; readonly countsChunks?: boolean } = {},
): GatewaySession<Toy> {
  const bytes = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1');
  const step = (state: Toy, input: GatewayInput): GatewayStep<Toy> => {
    switch (input.kind) {
      case 'opened':
        return { state, used: 0, effects: [{ kind: 'toClient', bytes: bytes('hello') }] };
      case 'secured':
        return { state: parts.keepsState === true ? state : { secured: true }, used: 0, effects: [] };
      case 'connected':
        return { state, used: 0, effects: [{ kind: 'splice' }] };
      case 'client': {
        const end = input.unread.indexOf('\r\n');
        if (end === -1 && parts.countsChunks !== true) return { state, used: 0, effects: [] };
        const used = end === -1 ? input.unread.length : end + 2;
        const line = input.unread.toString('latin1', 0, end === -1 ? used : end);
        if (line === 'UP')
          return { state, used, effects: [{ kind: 'toClient', bytes: bytes('go') }, { kind: 'startTls' }] };
        if (line === 'GO' && state.secured)
          return { state, used, effects: [{ kind: 'connect', name: null }] };
        return { state, used, effects: [{ kind: 'toClient', bytes: bytes(`no ${line}`) }] };
      }
      default:
        return { state, used: 0, effects: [{ kind: 'close', because: input.kind }] };
    }
  };
  return { initial: { secured: false }, step };
}

const spoken = [
  '# A client that upgrades, and then goes on to the backend.',
  '== opened',
  'S: hello',
  'C: GO',
  'S: no GO',
  'C: UP',
  'S: go',
  '== TLS',
  'C: GO',
  '== connect',
  '== connected',
  '== splice',
];

const play = (lines: readonly string[], session: () => GatewaySession<Toy>): void =>
  replayGateway(parseGatewayTranscript('toy', lines.join('\n')), session);

const convicted = (lines: readonly string[], session: () => GatewaySession<Toy> = toy): void =>
  assert.throws(() => play(lines, session), assert.AssertionError);

describe('a session between client and backend', () => {
  it('is stepped with all that is unread, and says whether anything came of it', () => {
    const run = beginGatewaySession(toy());
    assert.equal(run.next({ kind: 'opened', tls: undefined }).changed, true);
    const waiting = run.next({ kind: 'client', unread: Buffer.from('G') });
    assert.deepEqual(waiting, { used: 0, effects: [], changed: false });
    const done = run.next({ kind: 'client', unread: Buffer.from('GO\r\nrest') });
    assert.equal(done.used, 4);
    assert.equal(done.changed, true);
  });

  it('comes out the same however its octets are cut', () => play(spoken, toy));

  it('and is closed by the time that passes', () =>
    play(['# too slow', '== opened', 'S: hello', '== timeout', '== close timeout'], toy));

  it('leaves to the TLS engine what follows the go-ahead', () =>
    play(
      ['# injected', '== opened', 'S: hello', 'C~ UP\\r\\nGO\\r\\n', 'S: go', '== left C GO\\r\\n', '== TLS'],
      toy,
    ));
});

describe('the replay convicts a session', () => {
  it('whose answer depends on the cut', () => convicted(spoken, () => toy({ countsChunks: true })));
  it('that keeps its state over the upgrade', () => convicted(spoken, () => toy({ keepsState: true })));
  it('that says something else', () => convicted(['# other', '== opened', 'S: goodbye']));
  it('that says nothing', () => convicted(['# other', '== opened', 'S: hello', 'C: GO', '== shutdown']));
  it('that is left with plaintext at the handshake', () =>
    convicted(['# left', '== opened', 'S: hello', 'C~ UP\\r\\nGO', 'S: go', '== TLS']));
  it('that was not asked for the handshake', () => convicted(['# TLS', '== opened', 'S: hello', '== TLS']));
});
