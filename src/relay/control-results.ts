/** The part of the control socket that shows what sessions came to and how mail travelled. */
import type { Hono } from 'hono';
import { z } from 'zod';
import { type Domain, parseDomain } from '../names/domain.ts';
import type { FailureDetail, ReportedPolicy, ResultSource } from '../reports/tls-rpt/session-result.ts';
import { dayOf, OTHERS } from '../reports/tls-rpt/tally.ts';
import type { Results } from '../store/open-results.ts';
import type { TravelCount } from '../store/result-store.ts';
import { TRAVEL_DAYS } from './recorder.ts';
import type { Later, World } from './settings.ts';
import { NO_SENDER } from './travel.ts';

/** What is read, and whatever makes it complete before that. */
export interface ResultParts {
  readonly world: World;
  readonly results: Pick<Results, 'sessions' | 'travel'>;
  readonly recorder: { flush(): Later<void> };
}

/** What sessions of one day came to under one policy. */
export interface PolicyFigures {
  readonly source: ResultSource;
  /** The TLSRPT record, where whoever counted has seen it. */
  readonly record: string | null;
  readonly policy: ReportedPolicy;
  readonly successes: number;
  readonly failures: number;
  readonly details: readonly (FailureDetail & { readonly sessions: number })[];
}

export interface DayResults {
  readonly day: string;
  readonly domain: string;
  /** Of several policies all tell of the same sessions. */
  readonly policies: readonly PolicyFigures[];
}

export interface ResultPage {
  readonly day: string;
  readonly domains: readonly DayResults[];
  /** Where the next page begins; null where this is the last. */
  readonly after: string | null;
}

export interface TravelFigures {
  /** The first day. */
  readonly since: string;
  /** null: all of them together. */
  readonly domain: string | null;
  readonly counts: readonly TravelCount[];
}

const DAY_MS = 86_400_000;
/** Domains of one answer. */
const MOST_DOMAINS = 100;
/** Days of `waxwing queue stats`, today included, where nobody says how many. */
const USUAL_DAYS = 7;

const DAYS = { error: `is a number from 1 to ${TRAVEL_DAYS}` };

const resultsQuery = z.strictObject({
  day: z.iso.date({ error: 'is a day such as 2026-11-28' }).optional(),
  domain: z.string().optional(),
  after: z.string().optional(),
});
const travelQuery = z.strictObject({
  days: z.coerce.number(DAYS).int(DAYS).min(1, DAYS).max(TRAVEL_DAYS, DAYS).default(USUAL_DAYS),
  domain: z.string().optional(),
});

export function addResultRoutes(app: Hono, { world, results, recorder }: ResultParts): void {
  app.get('/tls-results', async (context) => {
    const asked = resultsQuery.safeParse(context.req.query());
    if (!asked.success) return context.json({ error: faultOf(asked.error) }, 400);
    const { day = dayOf(world.now()), domain, after = null } = asked.data;
    await recorder.flush();
    if (domain !== undefined) {
      const named = domainNamed(domain);
      if (named === undefined) return context.json({ error: `${domain} is not a domain` }, 400);
      const page: ResultPage = { day, domains: [resultsOf(results, day, named)], after: null };
      return context.json(page);
    }
    const names = results.sessions.domains(day, { after, limit: MOST_DOMAINS });
    const page: ResultPage = {
      day,
      domains: names.map((name) => resultsOf(results, day, name)),
      after: names.length < MOST_DOMAINS ? null : (names.at(-1) ?? null),
    };
    return context.json(page);
  });

  app.get('/travel', async (context) => {
    const asked = travelQuery.safeParse(context.req.query());
    if (!asked.success) return context.json({ error: faultOf(asked.error) }, 400);
    const { days, domain } = asked.data;
    const named = domain === undefined ? null : domainNamed(domain);
    if (named === undefined) return context.json({ error: `${domain} is not a domain` }, 400);
    await recorder.flush();
    const since = dayOf(world.now() - (days - 1) * DAY_MS);
    const figures: TravelFigures = { since, domain: named, counts: results.travel.since(since, named) };
    return context.json(figures);
  });
}

/** Today's and yesterday's results of a domain, as far as there are any; today first. */
export async function recentResults(
  { world, results, recorder }: ResultParts,
  domain: Domain,
): Promise<readonly DayResults[]> {
  await recorder.flush();
  return [world.now(), world.now() - DAY_MS]
    .map((at) => resultsOf(results, dayOf(at), domain))
    .filter(({ policies }) => policies.length > 0);
}

function resultsOf({ sessions }: ResultParts['results'], day: string, domain: string): DayResults {
  const policies = sessions
    .of(day, domain)
    .map(({ source, record, policy, successes, failures, details }) => ({
      source,
      record,
      policy,
      successes,
      failures,
      details: details.map(({ detail, sessions: count }) => ({ ...detail, sessions: count })),
    }));
  return { day, domain, policies };
}

/** What is wrong with a query, as a sentence. */
function faultOf({ issues: [first] }: z.ZodError): string {
  if (first?.code === 'unrecognized_keys') return `nothing can be asked by ${first.keys.join(', ')}`;
  return `${first?.path.join('.')} ${first?.message}`;
}

/** Also what stands in place of a domain. */
function domainNamed(text: string): string | undefined {
  if (text === OTHERS || text === NO_SENDER) return text;
  const domain = parseDomain(text);
  return domain.kind === 'ok' ? domain.value : undefined;
}
