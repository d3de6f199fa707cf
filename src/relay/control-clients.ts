/** The part of the control socket that shows what clients have used of their quotas, and what is remembered of them. */
import type { Hono } from 'hono';
import { expectationOf, type InboundRow } from '../policies/memory/inbound.ts';
import type { RelayAtControl } from './control.ts';
import type { QuotaUsage } from './quotas.ts';

/** One window of one quota; times are RFC 3339 in UTC. */
export interface UsedQuota extends Pick<QuotaUsage, 'subject' | 'period' | 'messages' | 'recipients'> {
  /** null: no limit. */
  readonly mostMessages: number | null;
  readonly mostRecipients: number | null;
  readonly since: string;
  /** When it begins again at nothing. */
  readonly until: string;
}

/** What is remembered of one server that sends mail of a domain. */
export interface KeptInbound {
  /** IPv4 address, or the first 64 bits of an IPv6 one. */
  readonly client: string;
  /** Whether its mail in clear would be out of the ordinary. */
  readonly expected: boolean;
  readonly since: string;
  readonly sessions: number;
  readonly lastAt: string;
  /** How often it came in clear all the same. */
  readonly clear: number;
  readonly clearAt: string | null;
}

export function addClientRoutes(
  app: Hono,
  { relay }: { readonly relay: Pick<RelayAtControl, 'quotas'> },
): void {
  app.get('/quotas', async (context) =>
    context.json(
      (await relay.quotas()).map(
        ({ since, until, ...usage }): UsedQuota => ({
          ...usage,
          since: rfc3339(since),
          until: rfc3339(until),
        }),
      ),
    ),
  );
}

export function toKeptInbound(row: InboundRow, now: number): KeptInbound {
  const { client, since, sessions, lastAt, clear, clearAt } = row;
  return {
    client,
    expected: expectationOf(row, now) === 'expected',
    since: rfc3339(since),
    sessions,
    lastAt: rfc3339(lastAt),
    clear,
    clearAt: clearAt === null ? null : rfc3339(clearAt),
  };
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
