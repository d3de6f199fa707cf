/**
 * Transcripts of visits and of the probes behind them, of any protocol; grammar in `transcript.ts`.
 *
 * `C> visit`, with the words `implicit`, `curious`, `intrusive` and `unnamed` (by address), begins a visit; `C> injection`, `C> state` and
 * `C> intrusive` begin a probe. `C<` is how it ended and what was seen, `; ` between them:
 *
 * - of a visit the end, then `greeting CODE`, `clear A, B`, `mail CODE`, `upgrade KIND`, `inside A, B`, `again CODE`, of which
 *   those are left out that were not seen;
 * - of a probe what it came to (`never`, `inside`, `kept`, …), or the end.
 *
 * An end is its kind, ` at STEP` where it has one, and the code of the answer; `error CODE at STEP` is a PeerError, `lost at
 * STEP` a connection that broke.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VisitEnd } from '../../src/findings/observation.ts';
import { emptyDraft } from '../../src/scanner/draft.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../../src/scanner/visit.ts';
import type { Talk } from '../../src/wire/bytes.ts';
import { Channel } from '../../src/wire/channel.ts';
import { LostError, PeerError } from '../../src/wire/dialogue.ts';
import { allowedOutcomes, ScriptedServer } from './scripted-server.ts';
import { cuts, type Transcript, transcriptsIn } from './transcript.ts';

/** Tests of every transcript in a folder: as written, at every cut. */
export function describeVisitTranscripts(dialect: Dialect, ...path: readonly string[]): void {
  describe(`transcripts of visits (${path.join('/')})`, () => {
    for (const transcript of transcriptsIn(...path)) {
      it(`${transcript.name}: ${transcript.title}`, () => {
        const seen = new Set(cuts.flatMap((size) => replayVisit(transcript, size, dialect)));
        assert.deepEqual([...seen].toSorted(), allowedOutcomes(transcript).toSorted());
      });
    }
  });
}

/** Plays a transcript with the server's bytes cut at `size`. @returns the outcomes, with the number of their line. */
export function replayVisit(transcript: Transcript, size: number, dialect: Dialect): string[] {
  const server = new ScriptedServer(transcript.name, transcript.entries, size);
  const seen: string[] = [];
  for (let task = server.nextTask(); task !== undefined; task = server.nextTask()) {
    const came = outcomeOf(server, dialect, task);
    const { line, expected } = server.nextOutcome(came);
    const where = `${transcript.name}:${line}, cut at ${size}`;
    assert.ok(expected.includes(came), `${where}: ${came} instead of ${expected.join(' or ')}`);
    seen.push(`${line}: ${came}`);
  }
  return seen;
}

/** A request of somebody called probe.example.test. */
export function requestOf(words: readonly string[]): VisitRequest {
  return {
    helloName: 'probe.example.test',
    tls: words.includes('implicit') ? 'implicit' : 'starttls',
    to: words.includes('unnamed') ? null : 'mx.example.test',
    curious: words.includes('curious'),
    intrusive: words.includes('intrusive'),
    clock: () => 0,
  };
}

/** Does a task on a connection that a recording is made of. @returns what came of it, as the transcript has it. */
export function* doTask(dialect: Dialect, task: string, channel: Channel): Talk<string> {
  const [verb, ...words] = task.split(' ');
  const draft = emptyDraft();
  const came = yield* talkOf(dialect, verb, requestOf(words), draft, channel);
  return withDraft(verb, came, draft);
}

function outcomeOf(server: ScriptedServer, dialect: Dialect, task: string): string {
  const [verb, ...words] = task.split(' ');
  const draft = emptyDraft();
  const channel = new Channel('mx.example.test');
  return withDraft(verb, play(server, draft, talkOf(dialect, verb, requestOf(words), draft, channel)), draft);
}

function withDraft(verb: string | undefined, came: string, draft: VisitDraft): string {
  return verb === 'visit' ? [came, ...describeDraft(draft)].join('; ') : came;
}

function talkOf(
  { visit, injection, state, intrusive }: Dialect,
  verb: string | undefined,
  request: VisitRequest,
  draft: VisitDraft,
  channel: Channel,
): Talk<string> {
  const none = (): never => assert.fail(`the dialect has no ${verb}`);
  switch (verb) {
    case 'visit':
      return mapped(visit(channel, request, draft), describeEnd);
    case 'injection':
      return mapped(injection?.(channel, request) ?? none(), (seen) =>
        'kind' in seen ? describeEnd(seen) : seen.answered,
      );
    case 'state':
      return mapped(state?.(channel, request) ?? none(), (seen) =>
        'kind' in seen ? describeEnd(seen) : `${seen.kept ? 'kept' : 'not kept'}: ${seen.what}`,
      );
    case 'intrusive':
      return mapped(intrusive?.(channel, request) ?? none(), (seen) =>
        'kind' in seen
          ? describeEnd(seen)
          : `vrfy ${seen.vrfy?.code}, expn ${seen.expn?.code}, relay ${seen.relay?.code}`,
      );
    default:
      return assert.fail(`${verb} is no task`);
  }
}

function* mapped<From, To>(talk: Talk<From>, map: (from: From) => To): Talk<To> {
  return map(yield* talk);
}

function play(server: ScriptedServer, draft: VisitDraft, talk: Talk<string>): string {
  try {
    return server.play(talk);
  } catch (error) {
    if (error instanceof PeerError) return `error ${error.code} at ${draft.step}`;
    if (error instanceof LostError) return `error lost at ${draft.step}`;
    throw error;
  }
}

function describeEnd(end: VisitEnd): string {
  const at = 'at' in end ? ` at ${end.at}` : '';
  const code = 'answer' in end ? ` ${end.answer.code ?? end.answer.text}` : '';
  return `${end.kind}${at}${code}${end.kind === 'broken' ? `: ${end.because}` : ''}`;
}

function describeDraft({ greeting, clear, smtp, mailbox, upgrade, inside, again }: VisitDraft): string[] {
  const mail = smtp?.mailInClear ?? null;
  const login = mailbox?.loginInClear ?? null;
  return [
    ...(greeting === null ? [] : [`greeting ${greeting.code ?? greeting.lines.length}`]),
    ...(clear === null ? [] : [`clear ${list(clear)}`]),
    ...(mail === null ? [] : [`mail ${mail.code}`]),
    ...(mailbox?.preauth === true ? ['preauth'] : []),
    ...(login === null ? [] : [`login ${login.positive ? 'taken' : 'refused'}`]),
    `upgrade ${upgrade.kind}`,
    ...(inside === null ? [] : [`inside ${list(inside)}`]),
    ...(again === null ? [] : [`again ${again.code ?? (again.positive ? 'yes' : 'no')}`]),
  ];
}

function list(offers: readonly string[]): string {
  return offers.length === 0 ? 'nothing' : offers.join(', ');
}
