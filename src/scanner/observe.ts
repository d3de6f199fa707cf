/** Visits one endpoint after the other and tells what was seen. It judges nothing. */
import type { Depth, Endpoint } from '../findings/endpoint.ts';
import type { Observation, Visit, VisitEnd } from '../findings/observation.ts';
import { startDeadlines } from '../net/deadlines.ts';
import { seeingContexts } from '../net/seeing-contexts.ts';
import { type Connected, talkOnce } from './connection.ts';
import { dialectOf } from './dialects.ts';
import type { VisitDraft, VisitRequest } from './visit.ts';

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

/** How much is looked at. */
export interface Plan {
  readonly depth: Depth;
  /** Whether the owner lets us ask what leaves traces. */
  readonly intrusive: boolean;
  /** Connections at most. */
  readonly budget: number;
  /** Awaited before every further connection, with how the last one ended; `stop`: there is no further one. */
  readonly between: (last: VisitEnd) => Promise<'go' | 'stop'>;
}

export interface Observer {
  /** Never rejects for what the server or the network does. */
  observe(endpoint: Endpoint, plan: Plan): Promise<Observation>;
  close(): void;
}

const LOOK_EVERY_MS = 50;

export function openObserver(parts: ObserverParts): Observer {
  const deadlines = startDeadlines(LOOK_EVERY_MS, 'hold');
  const contexts = seeingContexts(parts.roots);
  return {
    async observe(endpoint, plan) {
      const at = parts.now();
      const draft = emptyDraft();
      const request: VisitRequest = {
        helloName: parts.helloName,
        tls: endpoint.tls,
        to: endpoint.serverName,
        curious: plan.depth !== 'quick',
        intrusive: plan.intrusive,
        clock: () => performance.now(),
      };
      const connected = await talkOnce(
        {
          endpoint,
          context: contexts('everything'),
          serverName: endpoint.serverName,
          deadlines,
          timeoutMs: parts.timeoutMs,
        },
        (channel) => dialectOf(endpoint.protocol).visit(channel, request, draft),
        () => draft.step,
      );
      return { endpoint, at, connections: 1, base: visitOf(connected, draft), probes: {} };
    },
    close: () => deadlines.close(),
  };
}

function emptyDraft(): VisitDraft {
  return {
    step: 'greeting',
    greeting: null,
    smtp: null,
    mailbox: null,
    clear: null,
    upgrade: { kind: 'not-reached' },
    tls: null,
    inside: null,
    again: null,
  };
}

function visitOf({ connect, transcript, talked }: Connected<VisitEnd>, draft: VisitDraft): Visit {
  const { step: _, ...seen } = draft;
  return { connect, transcript, ...seen, end: talked.kind === 'done' ? talked.outcome : talked.end };
}
