/** Plays the client's side of a transcript to the server session, in place of the socket. */
import assert from 'node:assert/strict';
import type { SmtpAnswer } from '../../../../../src/protocols/smtp/server/session.ts';
import { cut, type Entry, type Transcript, unescaped } from '../../../../support/transcript.ts';
import { Host, rulesOf } from './host.ts';

/** Plays a transcript with the client's bytes cut at `size`; fails where the server does not what it says. */
export function replayServer(transcript: Transcript, size: number): void {
  const where = `${transcript.name}, cut at ${size}`;
  const entries = transcript.entries.filter(
    (entry) => !('side' in entry && entry.side === 'C' && entry.kind !== 'bytes'),
  );
  const first = entries[0];
  const words = first?.kind === 'do' && first.text.startsWith('rules') ? first.text.split(' ').slice(1) : [];
  const host = new Host(rulesOf(words), {
    normalize: words.includes('normalize'),
    implicit: words.includes('implicit'),
    certificate: words.includes('certificate'),
  });
  for (let at = 0; at < entries.length; ) {
    const entry = entries[at];
    if (entry === undefined) return;
    const turn = turnFrom(entries, at, entry);
    at += Math.max(1, turn.entries);
    if (entry.kind === 'bytes' && entry.side === 'C') {
      assert.equal(host.takeReplies(), '', `${where}, line ${entry.line}: said before the client spoke`);
      for (const piece of cut(turn.bytes, size)) host.receive(piece);
    } else if (entry.kind === 'bytes') {
      assert.equal(host.takeReplies(), turn.bytes.toString('latin1'), `${where}, line ${entry.line}`);
    } else if (entry.kind === 'outcome') {
      assert.equal(host.takeOutcome(), entry.text, `${where}, line ${entry.line}`);
    } else happen(host, entry.kind === 'mark' ? entry.what : entry.text, `${where}, line ${entry.line}`);
  }
  assert.equal(host.takeReplies(), '', `${where}: said at the end`);
  assert.equal(host.takeOutcome(), undefined, `${where}: came of it at the end`);
}

/** The bytes of all that one side says from here. */
function turnFrom(entries: readonly Entry[], at: number, first: Entry): { bytes: Buffer; entries: number } {
  const said: Buffer[] = [];
  if (first.kind !== 'bytes') return { bytes: Buffer.alloc(0), entries: 0 };
  for (const entry of entries.slice(at)) {
    if (entry.kind !== 'bytes' || entry.side !== first.side) break;
    said.push(entry.bytes);
  }
  return { bytes: Buffer.concat(said), entries: said.length };
}

function happen(host: Host, what: string, where: string): void {
  const [verb, ...words] = what.split(' ');
  switch (verb) {
    case 'rules':
      return;
    case 'answer':
      host.intake = { kind: 'refused', ...refusalIn(words) };
      return;
    case 'answers':
      host.answers.push(answerIn(words));
      return;
    case 'TLS':
      assert.equal(host.handshake(), words.length === 0 ? 'secured' : 'killed by plaintext', where);
      return;
    case 'close':
      assert.ok(host.closed, `${where}: the server does not close`);
      return;
    case 'timeout':
    case 'shutdown':
      host.step({ kind: verb });
      return;
    default:
      throw new Error(`${where}: a transcript asks the server to ${what}`);
  }
}

/** `yes`, `nothing`, or a refusal. */
function answerIn(words: readonly string[]): SmtpAnswer | undefined {
  if (words[0] === 'nothing') return undefined;
  return words[0] === 'yes' ? { kind: 'yes' } : { kind: 'no', ...refusalIn(words) };
}

function refusalIn([code, enhanced = '', ...text]: readonly string[]): {
  code: number;
  enhanced: string;
  text: string;
} {
  return { code: Number(code), enhanced, text: unescaped(text.join(' ')).toString('latin1') };
}
