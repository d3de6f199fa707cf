/** A server that says anything to a visitor, to see that every dialogue of a dialect ends. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { emptyDraft } from '../../src/scanner/draft.ts';
import type { Dialect } from '../../src/scanner/visit.ts';
import type { Talk } from '../../src/wire/bytes.ts';
import { Channel } from '../../src/wire/channel.ts';
import { fuzzTalk } from './fuzz-talk.ts';
import { requestOf } from './visit-transcript.ts';

/**
 * The property of every dialogue: whatever comes, in whatever pieces, an outcome or a PeerError and never a hang; what is kept
 * is bounded and can be printed; nothing is said that could be a credential.
 *
 * @param pieces what a hostile server says, one for each wait.
 * @param mayBeSaid matches every line, or message, that this dialect has.
 */
export function assertVisitsEnd(
  dialect: Dialect,
  pieces: fc.Arbitrary<Buffer[]>,
  mayBeSaid: RegExp,
  numRuns = 2000,
): void {
  fc.assert(
    fc.property(
      pieces,
      fc.constantFrom('visit', 'injection', 'state'),
      fc.constantFrom('starttls', 'implicit'),
      (server, verb, tls) => {
        const draft = emptyDraft();
        const said: string[] = [];
        const { ending } = fuzzTalk(talkOf(dialect, verb, requestOf([tls, 'curious']), draft), server, said);
        for (const line of said) assert.match(line, mayBeSaid);
        const { tls: _, ...seen } = draft;
        const outcome = ending.kind === 'ended' ? ending.outcome : {};
        for (const text of textsIn({ seen, outcome })) {
          assert.match(text, /^[\x20-\x7e]*$/);
          assert.ok(text.length <= 2048, `${text.length} characters`);
        }
      },
    ),
    { numRuns },
  );
}

function talkOf(
  { visit, injection, state }: Dialect,
  verb: string,
  request: ReturnType<typeof requestOf>,
  draft: ReturnType<typeof emptyDraft>,
): Talk<unknown> {
  const channel = new Channel('mx.example.test');
  const asVisitor = { ...request, tls: 'starttls' } as const;
  if (verb === 'injection' && injection !== null) return injection(channel, asVisitor);
  if (verb === 'state' && state !== null) return state(channel, asVisitor);
  return visit(channel, request, draft);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
