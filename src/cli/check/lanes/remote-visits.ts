/** Visits of a lane: whose turn it is at which door, and what others have seen, the main thread knows. */
import type { Depth } from '../../../findings/endpoint.ts';
import type { VisitEnd } from '../../../findings/observation.ts';
import { type Seeing, shareObservations } from '../../../scanner/shared.ts';
import type { Look, Visits, Way } from '../../../scanner/visits.ts';
import type { FromLane, ToLane } from './messages.ts';

export interface RemoteVisits extends Visits {
  /** Takes what is about ways to doors. @returns whether it was. */
  readonly hear: (message: ToLane) => boolean;
}

/** Some thousand observations; the main thread has more of them. */
const BOUNDS = { entries: 1_000_000, octets: 64 << 20 };

/** A way that the main thread was asked for. */
interface Asked {
  readonly go: (depth: Depth) => void;
  readonly known: (seeing: Seeing) => void;
  next: (answer: 'go' | 'stop') => void;
}

/** @param now milliseconds since 1970. */
export function remoteVisits(say: (message: FromLane) => void, now: () => number): RemoteVisits {
  const shared = shareObservations(now, BOUNDS);
  const asked = new Map<number, Asked>();
  let ways = 0;

  async function ask(to: Way, look: Look): Promise<Seeing> {
    ways += 1;
    const way = ways;
    const answer = await new Promise<Seeing | { readonly kind: 'go'; readonly depth: Depth }>((resolve) => {
      asked.set(way, {
        go: (depth) => resolve({ kind: 'go', depth }),
        known: resolve,
        next: () => undefined,
      });
      say({ kind: 'ask', way, to });
    });
    try {
      if (answer.kind !== 'go') return answer;
      const between = (last: VisitEnd): Promise<'go' | 'stop'> =>
        new Promise((resolve) => {
          const one = asked.get(way);
          if (one !== undefined) one.next = resolve;
          say({ kind: 'between', way, last });
        });
      const seeing = { kind: 'seen', observation: await look(between, answer.depth) } as const;
      say({ kind: 'seen', way, seeing });
      return seeing;
    } finally {
      asked.delete(way);
    }
  }

  return {
    isKnown: shared.isKnown,
    seeing: (to, look) => shared.seeing(to.endpoint, to.how, () => ask(to, look)),
    hear(message) {
      switch (message.kind) {
        case 'go':
          asked.get(message.way)?.go(message.depth);
          return true;
        case 'known':
          asked.get(message.way)?.known(message.seeing);
          return true;
        case 'next':
          asked.get(message.way)?.next(message.answer);
          return true;
        case 'target':
        case 'joined':
        case 'call':
        case 'end':
          return false;
      }
    },
  };
}
