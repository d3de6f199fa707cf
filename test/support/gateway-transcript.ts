/**
 * Transcripts of whoever stands between a client and a backend (`wire/gateway-session.ts`).
 *
 * `C: text` is a line that the client says, `B: text` one that the backend says, CRLF understood; `C~` and `B~` are
 * bytes without it. `S:`, `S~` is what the client has to be told next, `G:`, `G~` what the backend has to be told.
 * Escapes and comments as in `transcript.ts`. Marks: `== opened` (the first line; `== opened TLS` where TLS came
 * first), `== timeout` and `== shutdown` happen; `== TLS` is asked for and done, `== connect [name]` is asked for,
 * answered by `== connected`, `== upstream [offer, offer…]` (reverse mode: TLS is up there) or `== unreachable because`;
 * `== secure backend` is asked for, and answered by the last two; `== exposed user` (`?` where none showed),
 * `== in clear`, `== oddity what`, `== splice`, `== close because` are what has to come of it. `== left C text` and
 * `== left B text`: what of this side is unread by now.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  beginGatewaySession,
  type GatewayEffect,
  type GatewayInput,
  type GatewaySession,
} from '../../src/wire/gateway-session.ts';
import { cut, cuts, tlsFacts, unescaped } from './transcript.ts';

interface Line {
  readonly where: string;
  readonly text: string;
}

export interface GatewayTranscript {
  readonly name: string;
  readonly title: string;
  readonly lines: readonly Line[];
}

const folder = join(import.meta.dirname, '..', 'transcripts');

/** Every transcript in a folder below test/transcripts; none is a mistake. */
export function gatewayTranscriptsIn(...path: readonly string[]): GatewayTranscript[] {
  const files = globSync(join(folder, ...path, '*.txt')).toSorted();
  assert.notEqual(files.length, 0, `no transcripts in ${path.join('/')}`);
  return files.map((file) => parseGatewayTranscript(basename(file, '.txt'), readFileSync(file, 'utf8')));
}

export function parseGatewayTranscript(name: string, text: string): GatewayTranscript {
  const all = text.split('\n').map((line, index) => ({ where: `${name}:${index + 1}`, text: line }));
  const begin = all.findIndex((line) => !line.text.startsWith('#'));
  const title = all.slice(0, begin).map((line) => line.text.slice(1).trim());
  if (title.length === 0) throw new Error(`${name}: the first line has to say what this shows`);
  return {
    name,
    title: title.join(' '),
    lines: all.filter((line) => line.text !== '' && !line.text.startsWith('#')),
  };
}

/** Replays a transcript with what client and backend say cut at every size. */
export function replayGateway<State>(
  transcript: GatewayTranscript,
  session: () => GatewaySession<State>,
): void {
  for (const size of cuts) replayOnce(transcript, session(), size);
}

function replayOnce<State>({ lines }: GatewayTranscript, session: GatewaySession<State>, size: number): void {
  const stage = stageOf(session);
  let expected: Line[] = [];
  const check = (): void => {
    const told = stage.takeLog();
    const wanted = merged(expected.map(({ text }) => text));
    assert.deepEqual(told, wanted, `${expected.at(0)?.where ?? 'the end'}, cut at ${size}`);
    expected = [];
  };
  for (const line of lines) {
    if (!isInput(line.text)) {
      expected.push(line);
      continue;
    }
    // What is said in one go may be answered after each of its pieces or at its end.
    if (expected.length > 0) check();
    const [, head = '', tail = ''] = /^(==|[CB][:~])(?: (.*))?$/.exec(line.text) ?? [];
    if (head === '==') stage.mark(tail, line.where);
    else {
      const bytes = unescaped(head.endsWith(':') ? `${tail}\\r\\n` : tail);
      for (const piece of cut(bytes, size)) stage.hear(head.startsWith('C') ? 'client' : 'backend', piece);
    }
  }
  check();
}

const INPUT_MARKS =
  /^== (?:opened|opened TLS|timeout|shutdown|TLS|connected|upstream(?: .*)?|unreachable .*|left [CB] .*)$/;

function isInput(text: string): boolean {
  return /^[CB][:~]/.test(text) || INPUT_MARKS.test(text);
}

interface Stage {
  hear(side: 'client' | 'backend', bytes: Buffer): void;
  mark(what: string, where: string): void;
  /** What came of it, one line each, bytes of the same side in one. */
  takeLog(): string[];
}

function stageOf<State>(session: GatewaySession<State>): Stage {
  const run = beginGatewaySession(session);
  const unread = { client: Buffer.alloc(0), backend: Buffer.alloc(0) };
  let log: string[] = [];
  let waiting: 'nothing' | 'startTls' | 'connect' | 'secureBackend' | 'splice' | 'close' = 'nothing';

  const step = (input: GatewayInput): boolean => {
    assert.ok(waiting !== 'close', `the session is closed, but hears ${input.kind}`);
    const { used, effects, changed } = run.next(input);
    if (input.kind === 'client' || input.kind === 'backend') {
      assert.ok(used <= input.unread.length, 'it used more than there was');
      unread[input.kind] = unread[input.kind].subarray(used);
    } else assert.equal(used, 0);
    for (const [index, effect] of effects.entries()) {
      log.push(shown(effect));
      const ends = effect.kind === 'splice' || effect.kind === 'close' || effect.kind === 'startTls';
      if (ends) assert.equal(index, effects.length - 1, `${effect.kind} has to be the last effect`);
      if (effect.kind === 'connect') unread.backend = Buffer.alloc(0);
      if (ends || effect.kind === 'connect' || effect.kind === 'secureBackend') waiting = effect.kind;
    }
    return changed;
  };

  const work = (): void => {
    // A session that asks for something again and again without using what it is handed never comes to an end.
    let turns = 0;
    for (let go = true; go; ) {
      go = false;
      assert.ok(++turns < 10_000, 'the session never waits');
      if (waiting === 'splice' || waiting === 'close') return;
      if (waiting !== 'connect' && waiting !== 'secureBackend' && unread.backend.length > 0)
        go = step({ kind: 'backend', unread: unread.backend });
      if (waiting === 'nothing' && unread.client.length > 0)
        go = step({ kind: 'client', unread: unread.client }) || go;
    }
  };

  const asked = (): typeof waiting => (waiting === 'secureBackend' ? waiting : 'connect');

  const answer = (to: typeof waiting, input: GatewayInput, where: string): void => {
    assert.equal(waiting, to, `${where}: ${to} was not asked for`);
    waiting = 'nothing';
    step(input);
    work();
  };

  return {
    hear(side, bytes) {
      unread[side] = Buffer.concat([unread[side], bytes]);
      work();
    },
    mark(what, where) {
      const [word = '', ...rest] = what.split(' ');
      const tail = rest.join(' ');
      if (word === 'left') {
        const side = rest[0] === 'C' ? 'client' : 'backend';
        assert.equal(
          unread[side].toString('latin1'),
          unescaped(rest.slice(1).join(' ')).toString('latin1'),
          where,
        );
        if (waiting === 'startTls') unread[side] = Buffer.alloc(0);
      } else if (word === 'TLS') {
        assert.equal(unread.client.length, 0, `${where}: plaintext is left over at the handshake`);
        answer('startTls', { kind: 'secured', facts: tlsFacts }, where);
      } else if (word === 'connected') {
        answer('connect', { kind: 'connected', upstream: undefined }, where);
      } else if (word === 'upstream') {
        const inside = tail === '' ? [] : tail.split(', ');
        const upstream = { facts: tlsFacts, inside, greeting: new Uint8Array() };
        answer(asked(), { kind: 'connected', upstream }, where);
      } else if (word === 'unreachable') answer(asked(), { kind: 'unreachable', because: tail }, where);
      else {
        if (word === 'opened') step({ kind: 'opened', tls: tail === 'TLS' ? tlsFacts : undefined });
        else step({ kind: word === 'timeout' ? 'timeout' : 'shutdown' });
        work();
      }
    },
    takeLog() {
      const taken = merged(log);
      log = [];
      return taken;
    },
  };
}

function shown(effect: GatewayEffect): string {
  switch (effect.kind) {
    case 'toClient':
      return `S~ ${escaped(effect.bytes)}`;
    case 'toBackend':
      return `G~ ${escaped(effect.bytes)}`;
    case 'startTls':
      return '== startTls';
    case 'connect':
      return effect.name === null ? '== connect' : `== connect ${effect.name}`;
    case 'secureBackend':
      return '== secure backend';
    case 'exposed':
      return `== exposed ${effect.user ?? '?'}`;
    case 'inClear':
      return '== in clear';
    case 'oddity':
      return `== oddity ${effect.what}`;
    case 'splice':
      return '== splice';
    case 'close':
      return `== close ${effect.because}`;
  }
}

/** Lines of bytes in one spelling, neighbours of the same side in one; the handshake is asked for by `== TLS` itself. */
function merged(lines: readonly string[]): string[] {
  const result: string[] = [];
  for (const line of lines) {
    if (line === '== startTls') continue;
    const [, side, kind, text = ''] = /^([SG])([:~]) ?(.*)$/.exec(line) ?? [];
    if (side === undefined) {
      result.push(line);
      continue;
    }
    const bytes = escaped(unescaped(kind === ':' ? `${text}\\r\\n` : text));
    const last = result.at(-1);
    if (last?.startsWith(`${side}~ `) === true) result[result.length - 1] = last + bytes;
    else result.push(`${side}~ ${bytes}`);
  }
  return result;
}

function escaped(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, (character) => {
      if (character === '\r') return '\\r';
      if (character === '\n') return '\\n';
      if (character === '\\') return '\\\\';
      return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
    });
}
