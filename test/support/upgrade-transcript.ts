/**
 * Transcripts of `startTls`, the client's upgrade, of any protocol; grammar in `transcript.ts`.
 *
 * `C> upgrade` begins it, `C> upgrade unacceptable` with a judge who does not accept the handshake; further words are
 * the protocol's own. `C<` is one of `secured, clear A, B; inside C` (`nothing` where nothing is offered),
 * `notOffered because`, `refused because`, `tlsFailed because`, `unacceptable` and `error CODE` (of a PeerError).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { JudgeTls, Upgraded } from '../../src/protocols/upgrade.ts';
import type { Talk } from '../../src/wire/bytes.ts';
import { Channel } from '../../src/wire/channel.ts';
import { PeerError } from '../../src/wire/dialogue.ts';
import { type Ending, fuzzTalk } from './fuzz-talk.ts';
import { allowedOutcomes, ScriptedServer } from './scripted-server.ts';
import { cuts, type Transcript, transcriptsIn } from './transcript.ts';

/** The upgrade of one protocol; `words` are those of the transcript that only this protocol knows. */
export type StartTls = (channel: Channel, judge: JudgeTls, words: readonly string[]) => Talk<Upgraded>;

const acceptable: JudgeTls = () => ({ kind: 'acceptable' });
const unacceptable: JudgeTls = () => ({
  kind: 'unacceptable',
  because: 'has a certificate for another name',
});

/** Tests of every transcript in a folder: as written, at every cut; and with the connection ended at every octet. */
export function describeUpgradeTranscripts(startTls: StartTls, ...path: readonly string[]): void {
  describe(`transcripts of the upgrade (${path.join('/')})`, () => {
    for (const transcript of transcriptsIn(...path)) {
      it(`${transcript.name}: ${transcript.title}`, () => {
        const seen = new Set(cuts.flatMap((size) => replayUpgrade(transcript, size, startTls)));
        assert.deepEqual([...seen].toSorted(), allowedOutcomes(transcript).toSorted());
      });
      it(`${transcript.name}, ended at every octet: never secured, and never a hang`, () =>
        endEverywhere(transcript, startTls));
    }
  });
}

/** Plays a transcript with the server's bytes cut at `size`. @returns the outcomes, with the number of their line. */
export function replayUpgrade(transcript: Transcript, size: number, startTls: StartTls): string[] {
  const server = new ScriptedServer(transcript.name, transcript.entries, size);
  const seen: string[] = [];
  for (let task = server.nextTask(); task !== undefined; task = server.nextTask()) {
    const talk = talkOf(task, startTls, transcript.name);
    const came = outcomeOf(() => server.play(talk));
    const { line, expected } = server.nextOutcome(came);
    assert.ok(
      expected.includes(came),
      `${transcript.name}:${line}, cut at ${size}: ${came} instead of ${expected.join(' or ')}`,
    );
    seen.push(`${line}: ${came}`);
  }
  return seen;
}

function talkOf(task: string, startTls: StartTls, name: string): Talk<Upgraded> {
  const [verb, ...words] = task.split(' ');
  assert.equal(verb, 'upgrade', `${name}: the task has to be an upgrade`);
  const judge = words.includes('unacceptable') ? unacceptable : acceptable;
  return startTls(
    new Channel('server.example.test'),
    judge,
    words.filter((word) => word !== 'unacceptable'),
  );
}

function outcomeOf(play: () => Upgraded): string {
  try {
    return describeUpgraded(play());
  } catch (error) {
    if (error instanceof PeerError) return `error ${error.code}`;
    throw error;
  }
}

function describeUpgraded(outcome: Upgraded): string {
  switch (outcome.kind) {
    case 'secured':
      return `secured, clear ${list(outcome.clear)}; inside ${list(outcome.inside)}`;
    case 'unacceptable':
      return outcome.kind;
    case 'notOffered':
    case 'refused':
    case 'tlsFailed':
      return `${outcome.kind} ${outcome.because}`;
  }
}

function list(offers: readonly string[]): string {
  return offers.length === 0 ? 'nothing' : offers.join(', ');
}

function endEverywhere(transcript: Transcript, startTls: StartTls): void {
  const task = transcript.entries.find((entry) => entry.kind === 'do');
  assert.ok(task?.kind === 'do');
  const turns = serverTurns(transcript);
  const octets = turns.reduce((sum, turn) => sum + turn.length, 0);
  for (let left = 0; left < octets; left++) {
    const talk = talkOf(task.text, startTls, transcript.name);
    const { ending }: { ending: Ending<Upgraded> } = fuzzTalk(talk, firstOctets(turns, left));
    assert.ok(
      ending.kind === 'threw' || ending.outcome.kind !== 'secured',
      `${transcript.name}: secured, with the last ${octets - left} octets missing`,
    );
  }
}

/** What the server says without waiting for the client, one piece each. */
function serverTurns({ entries }: Transcript): Buffer[] {
  const turns: Buffer[][] = [[]];
  for (const entry of entries) {
    if (entry.kind === 'bytes' && entry.side === 'S') turns.at(-1)?.push(entry.bytes);
    else turns.push([]);
  }
  return turns.map((turn) => Buffer.concat(turn)).filter((turn) => turn.length > 0);
}

function firstOctets(turns: readonly Buffer[], octets: number): Buffer[] {
  const pieces: Buffer[] = [];
  let left = octets;
  for (const turn of turns) {
    if (left === 0) break;
    pieces.push(turn.subarray(0, left));
    left -= pieces.at(-1)?.length ?? 0;
  }
  return pieces;
}

/** How an upgrade ended against a hostile server, and how far it had come when it said what. */
export interface UpgradeRun {
  readonly ending: Ending<Upgraded>;
  /** Lines, or whole messages where the protocol has no lines. */
  readonly saidInClear: readonly string[];
  readonly saidInside: readonly string[];
}

/**
 * The property of every upgrade: whatever comes, in whatever pieces, an outcome or a PeerError and never a hang;
 * secured only with TLS that was judged, and nothing said inside one that was not accepted.
 *
 * @param pieces what a hostile server says, one for each wait.
 * @param check what has to hold for this protocol beside it.
 */
export function assertNeverHangs(
  startTls: StartTls,
  pieces: fc.Arbitrary<Buffer[]>,
  check: (run: UpgradeRun) => void = () => undefined,
  numRuns = 3000,
): void {
  fc.assert(
    fc.property(pieces, fc.boolean(), (server, accepts) => {
      const channel = new Channel('server.example.test');
      const said: string[] = [];
      let judgedAt: number | undefined;
      const judge: JudgeTls = (facts) => {
        assert.equal(judgedAt, undefined, 'judged twice');
        judgedAt = said.length;
        return accepts ? acceptable(facts) : unacceptable(facts);
      };
      const { ending } = fuzzTalk(startTls(channel, judge, []), server, said);
      const saidInClear = said.slice(0, judgedAt);
      const saidInside = judgedAt === undefined ? [] : said.slice(judgedAt);
      assert.equal(channel.tls !== undefined, judgedAt !== undefined, 'TLS without a judgement');
      if (!accepts) assert.deepEqual(saidInside, []);
      if (ending.kind === 'ended') {
        const { kind } = ending.outcome;
        if (kind === 'secured')
          assert.ok(judgedAt !== undefined && accepts, 'secured without an accepted judgement');
        if (kind === 'unacceptable') assert.ok(judgedAt !== undefined && !accepts);
        if (kind === 'notOffered' || kind === 'tlsFailed') assert.equal(judgedAt, undefined, kind);
      }
      check({ ending, saidInClear, saidInside });
    }),
    { numRuns },
  );
}

/** What a hostile server of a protocol of lines says: mostly `lines`, well and badly ended, and noise. */
export function hostileLines(lines: readonly string[]): fc.Arbitrary<Buffer[]> {
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...lines).map((text) => `${text}\r\n`) },
    { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\0', '\xff', ' ', ...lines) },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    },
  );
  return fc
    .array(line, { maxLength: 16 })
    .chain((parts) =>
      fc
        .boolean()
        .map((each) => (each ? parts : [parts.join('')]).map((part) => Buffer.from(part, 'latin1'))),
    );
}
