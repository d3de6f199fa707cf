/** A server that says anything, to see that a dialogue always ends. */
import type { ByteReaction, Talk } from '../../src/wire/bytes.ts';
import { PeerError } from '../../src/wire/dialogue.ts';
import { tlsFacts } from './transcript.ts';

export type Ending<Outcome> =
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'threw'; readonly error: PeerError };

/** More effects than any of our dialogues has for so few bytes: it would go on for ever. */
const MAX_EFFECTS = 2_000;

/**
 * Runs a dialogue against these pieces, one for each wait, and then the end of the connection.
 *
 * @throws Error where it does not end, and whatever it throws that is not a PeerError.
 */
export function fuzzTalk<Outcome>(
  talk: Talk<Outcome>,
  pieces: readonly Buffer[],
  said: string[] = [],
): { ending: Ending<Outcome>; said: string[] } {
  let next = 0;
  let reaction: ByteReaction = { kind: 'done' };
  for (let effects = 0; effects < MAX_EFFECTS; effects++) {
    let step: IteratorResult<Parameters<typeof react>[0], Outcome>;
    try {
      step = talk.next(reaction);
    } catch (error) {
      if (error instanceof PeerError) return { ending: { kind: 'threw', error }, said };
      throw error;
    }
    if (step.done === true) return { ending: { kind: 'ended', outcome: step.value }, said };
    reaction = react(step.value, said, () => pieces[next++]);
  }
  throw new Error(`the dialogue goes on for ever: ${JSON.stringify(said.slice(-5))}`);
}

function react(
  effect: Talk<unknown> extends Generator<infer Effect> ? Effect : never,
  said: string[],
  receive: () => Buffer | undefined,
): ByteReaction {
  switch (effect.kind) {
    case 'send':
      said.push(...Buffer.from(effect.bytes).toString('latin1').split('\r\n').slice(0, -1));
      return { kind: 'done' };
    case 'sendBody':
      return { kind: 'bodySent', early: false };
    case 'receive':
      return { kind: 'received', bytes: receive() };
    case 'startTls':
      return { kind: 'secured', facts: tlsFacts };
  }
}
