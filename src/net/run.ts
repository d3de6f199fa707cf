/** A dialogue under way on a connection. */
import type { ByteEffect, ByteReaction, Phase, Talk } from '../wire/bytes.ts';

/** Steps a dialogue, and settles the promise of its outcome. */
export interface Run {
  /** Undefined while nothing is waited for. */
  waitingFor: Phase | 'handshake' | undefined;
  /** @returns what the dialogue wants next; undefined once it has ended, whatever the way. */
  next(reaction: ByteReaction): ByteEffect | undefined;
  /** The connection is gone: the dialogue may still end with what it knows. */
  lose(error: Error): void;
}

export interface RunEnds {
  /** It ended with its outcome. */
  readonly onDone: () => void;
  /** It threw, or the connection was lost: no other dialogue can follow. */
  readonly onBroken: () => void;
}

/** @returns the run and the promise of its outcome, which rejects with what the dialogue throws. */
export function startRun<Outcome>(
  talk: Talk<Outcome>,
  { onDone, onBroken }: RunEnds,
): { readonly run: Run; readonly outcome: Promise<Outcome> } {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const run: Run = {
    waitingFor: undefined,
    next(reaction) {
      try {
        const step = talk.next(reaction);
        if (step.done !== true) return step.value;
        onDone();
        resolve(step.value);
      } catch (error) {
        onBroken();
        reject(asError(error));
      }
      return undefined;
    },
    lose(error) {
      onBroken();
      try {
        const step = talk.throw(error);
        if (step.done === true) resolve(step.value);
        else reject(error);
      } catch (thrown) {
        reject(asError(thrown));
      }
    },
  };
  return { run, outcome: promise };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
