/** Whether mail can be taken: asked of the queue once for all who ask at the same time, and shortly after. */

/** Anybody may ask as often as he likes, without a key: the queue is asked no oftener than this, milliseconds. */
const FRESH_MS = 1_000;

/**
 * @param pulse rejects where the queue does not answer.
 * @param now milliseconds since 1970.
 * @returns whether it does; never rejects.
 */
export function healthOf(pulse: () => Promise<unknown>, now: () => number): () => Promise<boolean> {
  let last: { readonly at: number; readonly answer: boolean } | undefined;
  let asked: Promise<boolean> | undefined;

  async function ask(): Promise<boolean> {
    const answer = await pulse().then(
      () => true,
      () => false,
    );
    last = { at: now(), answer };
    asked = undefined;
    return answer;
  }

  return () => {
    if (asked !== undefined) return asked;
    // A clock that was set back makes no answer last.
    if (last !== undefined && now() >= last.at && now() < last.at + FRESH_MS)
      return Promise.resolve(last.answer);
    asked = ask();
    return asked;
  };
}
