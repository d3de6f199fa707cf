/** Visits one endpoint after the other and tells what was seen. It judges nothing. */
import type { Endpoint } from '../findings/endpoint.ts';
import type { Observation } from '../findings/observation.ts';
import { startDeadlines } from '../net/deadlines.ts';
import { seeingContexts } from '../net/seeing-contexts.ts';
import { talkOnce, type Way } from './connection.ts';
import { announced, observeDoor, type Plan } from './observe-door.ts';
import type { Knock } from './probes.ts';

export interface ObserverParts {
  /** Our name for EHLO and LHLO: a domain in ASCII form or an address literal. */
  readonly helloName: string;
  /** Authorities that are trusted beside those of Node, PEM. */
  readonly roots: readonly string[];
  /** Milliseconds for one connection, from its beginning to its end. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Observer {
  /** Never rejects for what the server or the network does. */
  observe(endpoint: Endpoint, plan: Plan): Promise<Observation>;
  /** Breaks off what is under way. */
  close(): void;
}

const LOOK_EVERY_MS = 50;

export function openObserver(parts: ObserverParts): Observer {
  const deadlines = startDeadlines(LOOK_EVERY_MS, 'hold');
  const contexts = seeingContexts(parts.roots);
  const closing = new AbortController();
  const clock = (): number => performance.now();
  let underWay = 0;
  const rest = (): void => {
    if (closing.signal.aborted && underWay === 0) deadlines.close();
  };

  const wayOf = (endpoint: Endpoint, knock: Knock): Way => ({
    endpoint,
    context: contexts(knock.hello ?? 'everything'),
    ...announced(endpoint, knock),
    deadlines,
    timeoutMs: parts.timeoutMs,
    signal: closing.signal,
  });

  return {
    async observe(endpoint, plan) {
      underWay += 1;
      try {
        return await observeDoor(endpoint, plan, { ...parts, clock }, (knock, talk, step) =>
          talkOnce(wayOf(endpoint, knock), talk, step),
        );
      } finally {
        underWay -= 1;
        rest();
      }
    },
    close() {
      closing.abort();
      rest();
    },
  };
}
