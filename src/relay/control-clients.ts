/** The part of the control socket about clients: their quotas, what is remembered of them, to whom their mail does not arrive. */
import type { Hono } from 'hono';
import { z } from 'zod';
import { parseMailbox } from '../names/mailbox.ts';
import { expectationOf, type InboundRow } from '../policies/memory/inbound.ts';
import type { ClientStore, Suppression } from '../store/client-store.ts';
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

/** A recipient for whom no bulk mail is taken any more. */
export interface SuppressedRecipient extends Pick<Suppression, 'address' | 'status' | 'diagnostic'> {
  readonly since: string;
  /** When its last ones came back. */
  readonly bounces: readonly string[];
}

/** So many are listed at once; `after` goes on behind the last of them. */
export const SUPPRESSED_AT_ONCE = 1_000;

export interface ClientParts {
  readonly relay: Pick<RelayAtControl, 'quotas'>;
  readonly suppressions: Pick<ClientStore['suppressions'], 'list' | 'lift'>;
}

const liftRequest = z.strictObject({ address: z.string() });

export function addClientRoutes(app: Hono, { relay, suppressions }: ClientParts): void {
  app.get('/suppressed', (context) => {
    const after = context.req.query('after') ?? '';
    return context.json(suppressions.list({ after, most: SUPPRESSED_AT_ONCE }).map(toSuppressed));
  });

  app.post('/suppressed/lift', async (context) => {
    const request = liftRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!request.success) return context.json({ error: z.prettifyError(request.error) }, 400);
    const mailbox = parseMailbox(request.data.address, { utf8: true });
    if (mailbox.kind === 'invalid') return context.json({ error: mailbox.because }, 400);
    const address = mailbox.value.text.toLowerCase();
    if (!suppressions.lift(address)) return context.json({ error: `${address} is not suppressed` }, 404);
    return context.json({ address });
  });

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

export function toSuppressed({
  address,
  status,
  diagnostic,
  times,
  suppressedAt,
}: Suppression): SuppressedRecipient {
  return { address, since: rfc3339(suppressedAt ?? 0), status, diagnostic, bounces: times.map(rfc3339) };
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
