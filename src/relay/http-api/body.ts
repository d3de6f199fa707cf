/** Reads the body of a request: so much, so fast, and all bodies together no more than there is room for. */
import type { Deadlines } from '../../net/deadlines.ts';
import { type Refused, refused } from './answers.ts';

export interface BodyPatience {
  /** Milliseconds that a client has before its pace is looked at. */
  readonly graceMs: number;
  /** Octets a second that it has to reach on average from there on. */
  readonly minimumRate: number;
}

interface Body {
  readonly kind: 'ok';
  readonly bytes: Uint8Array;
  /** Its place is free again: nothing is done with it any more. */
  release(): void;
}

export interface BodyReader {
  /** @param most octets. @param holder who sends it: nobody gets all of the room. */
  read(request: Request, most: number, holder: string): Promise<Body | Refused>;
}

const RETRY_SECONDS = 10;
/** Of the room, for one holder: the rest stays for others, however slowly he sends the end of what he has begun. */
const SHARE = 0.75;

/** @param room octets of all bodies that are under way: what a client has sent is kept until its message is. */
export function bodyReader(
  deadlines: Deadlines,
  room: () => number,
  { graceMs, minimumRate }: BodyPatience,
): BodyReader {
  let held = 0;
  const heldBy = new Map<string, number>();
  const hold = (holder: string, octets: number): void => {
    held += octets;
    const left = (heldBy.get(holder) ?? 0) + octets;
    if (left > 0) heldBy.set(holder, left);
    else heldBy.delete(holder);
  };
  return {
    async read({ headers, body }, most, holder) {
      const tooBig = refused(413, `the request is too big, the limit is ${most} octets`, { limit: most });
      if (Number(headers.get('content-length') ?? 0) > most) return tooBig;
      if (body === null) return refused(400, 'the request has no body');
      const reader = body.getReader();
      const pieces: Uint8Array[] = [];
      let size = 0;
      let late = false;
      let taken = false;
      const release = (): void => {
        hold(holder, -size);
        size = 0;
      };
      const stop = (): void => void reader.cancel().catch(() => undefined);
      const deadline = deadlines.add(() => {
        late = true;
        stop();
      });
      const begun = performance.now();
      deadline.set(graceMs);
      try {
        for (;;) {
          const { done, value } = await reader.read();
          // A reader that was cancelled is done, too.
          if (late) return refused(408, 'the request came too slowly');
          if (done) {
            const bytes = Buffer.concat(pieces, size);
            taken = true;
            return { kind: 'ok', bytes, release };
          }
          size += value.length;
          hold(holder, value.length);
          pieces.push(value);
          const isCrowded = held > room() || (heldBy.get(holder) ?? 0) > room() * SHARE;
          const full = size <= most && isCrowded;
          if (size > most || full) {
            stop();
            return full
              ? refused(503, 'too much mail comes in at once', { retryAfter: RETRY_SECONDS })
              : tooBig;
          }
          // From the beginning of all: whoever was fast may not be slow for ever.
          deadline.set(graceMs + (size / minimumRate) * 1_000 - (performance.now() - begun));
        }
      } catch {
        return refused(400, 'the request broke off');
      } finally {
        if (!taken) release();
        deadline.drop();
      }
    },
  };
}
