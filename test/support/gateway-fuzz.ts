/** Clients and backends that say anything, to sessions of a gateway: the same for every cut, and nothing in clear. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  beginGatewaySession,
  type GatewayEffect,
  type GatewayInput,
  type GatewayRun,
  type GatewaySession,
} from '../../src/wire/gateway-session.ts';
import { cut, tlsFacts } from './transcript.ts';

/** What one side says without waiting for the other. */
interface Turn {
  readonly side: 'client' | 'backend';
  readonly octets: Buffer;
}

/** Arbitrary turns, mostly made of these lines. */
export function turns(
  clientLines: readonly string[],
  backendLines: readonly string[],
): fc.Arbitrary<readonly Turn[]> {
  const of = (side: Turn['side'], lines: readonly string[]): fc.Arbitrary<Turn> =>
    fc
      .array(
        fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom(...lines).map((line) => `${line}\r\n`) },
          { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\0', '\xff', ' ', '"', '{3}\r\n', '.\r\n') },
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => ({ side, octets: Buffer.from(parts.join(''), 'latin1') }));
  return fc.array(fc.oneof(of('client', clientLines), of('backend', backendLines)), { maxLength: 12 });
}

/**
 * Asserts that a session neither throws nor depends on the cut, and that nothing reaches the backend before TLS.
 *
 * @param session made anew for each run.
 */
export function assertCutsDoNotMatter<State>(
  session: () => GatewaySession<State>,
  arbitrary: fc.Arbitrary<readonly Turn[]>,
  numRuns = 2000,
): void {
  fc.assert(
    fc.property(arbitrary, fc.boolean(), fc.integer({ min: 1, max: 9 }), (script, implicit, size) => {
      const whole = play(session(), script, implicit, Number.POSITIVE_INFINITY);
      const pieces = play(session(), script, implicit, size);
      assert.deepEqual(pieces, whole);
      const secured = implicit ? 0 : whole.indexOf('secured');
      const told = whole.findIndex((line) => line.startsWith('toBackend') || line.startsWith('connect'));
      if (told !== -1) assert.ok(secured !== -1 && secured <= told, whole.join('\n'));
    }),
    { numRuns },
  );
}

function play<State>(
  session: GatewaySession<State>,
  script: readonly Turn[],
  implicit: boolean,
  size: number,
): string[] {
  const stage = new Stage(beginGatewaySession(session));
  stage.give({ kind: 'opened', tls: implicit ? tlsFacts : undefined });
  stage.endTurn();
  for (const { side, octets } of script) {
    for (const piece of cut(octets, size)) stage.hear(side, piece);
    stage.endTurn();
  }
  return stage.log;
}

/** More steps than any session has for so few octets. */
const MAX_STEPS = 5_000;

class Stage {
  readonly log: string[] = [];
  readonly #run: GatewayRun;
  #unread = { client: Buffer.alloc(0), backend: Buffer.alloc(0) };
  #state: 'talks' | 'handshake' | 'connects' | 'done' = 'talks';
  #steps = 0;

  constructor(run: GatewayRun) {
    this.#run = run;
  }

  hear(side: Turn['side'], octets: Buffer): void {
    this.#unread[side] = Buffer.concat([this.#unread[side], octets]);
    while (this.#step(side));
  }

  /**
   * What was asked for is done once nobody says anything more. Only then is the other side heard: who of two is first
   * where both speak out of turn is chance.
   */
  endTurn(): void {
    for (;;) {
      if (this.#state === 'handshake') {
        if (this.#unread.client.length > 0) return this.#end('plaintext in the handshake');
        this.#state = 'talks';
        this.log.push('secured');
        this.give({ kind: 'secured', facts: tlsFacts });
      } else if (this.#state === 'connects') {
        this.#state = 'talks';
        this.give({ kind: 'connected', upstream: undefined });
      } else break;
    }
    this.#work();
  }

  give(input: GatewayInput): boolean {
    assert.ok(++this.#steps < MAX_STEPS, 'the session goes on for ever');
    const { used, effects, changed } = this.#run.next(input);
    if (input.kind === 'client' || input.kind === 'backend') {
      assert.ok(used <= input.unread.length);
      this.#unread[input.kind] = this.#unread[input.kind].subarray(used);
    }
    for (const effect of effects) this.#carryOut(effect);
    return changed;
  }

  #work(): void {
    let changed = true;
    while (changed) {
      while (this.#step('backend'));
      changed = this.#step('client');
    }
  }

  /** @returns whether anything changed. */
  #step(side: Turn['side']): boolean {
    const unread = this.#unread[side];
    const hears = this.#state === 'talks' || (side === 'backend' && this.#state === 'handshake');
    return hears && unread.length > 0 && this.give({ kind: side, unread });
  }

  #carryOut(effect: GatewayEffect): void {
    if (this.#state === 'done') return;
    switch (effect.kind) {
      case 'toClient':
      case 'toBackend': {
        // What is passed on in pieces is the same as what is passed on at once.
        const last = this.log.at(-1);
        const text = JSON.stringify(Buffer.from(effect.bytes).toString('latin1')).slice(1, -1);
        if (last?.startsWith(`${effect.kind} `) === true) this.log[this.log.length - 1] = last + text;
        else this.log.push(`${effect.kind} ${text}`);
        break;
      }
      case 'startTls':
        this.#state = 'handshake';
        break;
      case 'connect':
        this.#unread.backend = Buffer.alloc(0);
        this.#state = 'connects';
        this.log.push('connect');
        break;
      case 'splice':
        this.#end('splice');
        break;
      case 'close':
        this.#end(`close ${effect.because}`);
        break;
      default:
        this.log.push(JSON.stringify(effect));
    }
  }

  #end(how: string): void {
    this.log.push(how);
    this.#state = 'done';
    this.#unread = { client: Buffer.alloc(0), backend: Buffer.alloc(0) };
  }
}
