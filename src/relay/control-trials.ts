/** The part of the control socket that tries rules on what was seen, and puts levels in force by that for a while. */
import type { Hono } from 'hono';
import { z } from 'zod';
import { type Domain, type Parsed, parseDomain } from '../names/domain.ts';
import { type Promotion, promotionState } from '../policies/report-only/promotion.ts';
import { type Proposal, propose, type Trial, trial } from '../policies/report-only/propose.ts';
import type { Candidate } from '../policies/report-only/would.ts';
import { dayOf } from '../reports/tls-rpt/tally.ts';
import type { Results } from '../store/open-results.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import { moment, reasonText } from './control-api.ts';
import { type WakeParts, wake } from './control-wake.ts';
import { type ShownPromotion, toShownPromotion, type Woken } from './policies-api.ts';
import type { Later } from './settings.ts';

export interface TrialParts extends WakeParts {
  readonly results: Pick<Results, 'seen'>;
  readonly recorder: { flush(): Later<void> };
  readonly policies: Pick<PolicyStore, 'promotions'>;
  /** Called for each word of an operator that was carried out. */
  readonly onWord: (what: string, about: Readonly<Record<string, unknown>>) => void;
}

/** What one rule would have done with the sessions of one domain. */
export interface Replayed extends Trial {
  readonly domain: string;
  readonly days: number;
  readonly sessions: number;
}

export interface Promoted {
  readonly promotion: ShownPromotion;
  readonly mail: Woken;
}

/** Domains of one answer; `after` goes on behind the last of them. */
export const TRIED_AT_ONCE = 200;
const DAY_MS = 86_400_000;
const MOST_DAYS = 365;

const wholeDays = z.int().min(1).max(MOST_DAYS);
const nameText = z.string().max(256);
const proposalsRequest = z.strictObject({
  /** null: all of them. */
  domain: z.string().nullable(),
  after: z.string().nullable(),
  /** How far back, today included. */
  back: wholeDays,
  leastDays: wholeDays,
  leastSessions: z.int().min(1).max(1_000_000),
});
const replayRequest = proposalsRequest.omit({ leastDays: true, leastSessions: true }).extend({
  rule: z.enum(['encrypt', 'authenticate', 'sts', 'list', 'memory']),
  names: z.array(nameText).max(50),
});
const promoteRequest = z.strictObject({
  domain: z.string(),
  level: z.enum(['encrypt', 'authenticate']),
  until: moment,
  reason: reasonText,
  mostBlocked: z.int().min(0).max(1_000_000),
});
const ofDomain = z.strictObject({ domain: z.string(), reason: reasonText });

export function addTrialRoutes(app: Hono, parts: TrialParts): void {
  addTrials(app, parts);
  addPromotions(app, parts);
}

function addTrials(app: Hono, parts: TrialParts): void {
  const { results } = parts;
  app.post('/trials/proposals', async (context) => {
    const asked = proposalsRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const page = await pageOf(asked.data, parts);
    if (page.kind === 'invalid') return context.json({ error: page.because }, 400);
    const { since, domains } = page.value;
    const proposals: readonly Proposal[] = domains.map((domain) =>
      propose(domain, results.seen.since(since, domain), asked.data),
    );
    return context.json(proposals);
  });

  app.post('/trials/replay', async (context) => {
    const asked = replayRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const candidate = candidateOf(asked.data);
    if (candidate.kind === 'invalid') return context.json({ error: candidate.because }, 400);
    const page = await pageOf(asked.data, parts);
    if (page.kind === 'invalid') return context.json({ error: page.because }, 400);
    const { since, domains } = page.value;
    const replayed = domains.map((domain): Replayed | { readonly domain: Domain; readonly rule: null } => {
      const counts = results.seen.since(since, domain);
      const tried = trial(candidate.value, counts, true);
      if (tried === undefined) return { domain, rule: null };
      const sessions = counts.reduce((sum, one) => sum + one.sessions, 0);
      return { domain, days: new Set(counts.map(({ day }) => day)).size, sessions, ...tried };
    });
    return context.json(replayed);
  });
}

async function pageOf(
  asked: Pick<z.output<typeof proposalsRequest>, 'domain' | 'after' | 'back'>,
  { results, recorder, world }: TrialParts,
): Promise<Parsed<{ readonly since: string; readonly domains: readonly Domain[] }>> {
  const since = dayOf(world.now() - (asked.back - 1) * DAY_MS);
  const domain = asked.domain === null ? null : parseDomain(asked.domain);
  if (domain?.kind === 'invalid') return domain;
  const after = asked.after === null ? null : parseDomain(asked.after);
  if (after?.kind === 'invalid') return after;
  await recorder.flush();
  const domains =
    domain === null
      ? results.seen.domains(since, { after: after?.value ?? null, limit: TRIED_AT_ONCE })
      : [domain.value];
  return { kind: 'ok', value: { since, domains } };
}

function candidateOf({
  rule,
  names,
}: Pick<z.output<typeof replayRequest>, 'rule' | 'names'>): Parsed<Candidate> {
  const read: Candidate['names'][number][] = [];
  for (const text of names) {
    const below = text.startsWith('.');
    const domain = parseDomain(below ? text.slice(1) : text);
    if (domain.kind === 'invalid') return domain;
    read.push(below ? { kind: 'under', suffix: domain.value } : { kind: 'name', name: domain.value });
  }
  return { kind: 'ok', value: { rule, names: read } };
}

function addPromotions(app: Hono, parts: TrialParts): void {
  const { policies, world, onWord } = parts;
  app.get('/promotions', (context) =>
    context.json(policies.promotions.list().map((one) => toShownPromotion(one, world.now()))),
  );

  app.post('/promotions', async (context) => {
    const asked = promoteRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const domain = parseDomain(asked.data.domain);
    if (domain.kind === 'invalid') return context.json({ error: domain.because }, 400);
    const until = Date.parse(asked.data.until);
    if (until <= world.now()) return context.json({ error: 'that time is over' }, 400);
    const { level, reason, mostBlocked } = asked.data;
    const promotion: Promotion = {
      domain: domain.value,
      level,
      setAt: world.now(),
      until,
      reason,
      mostBlocked,
      blocked: 0,
      endedAt: null,
      endedBecause: null,
    };
    const lowered = loweredBy(promotion, policies.promotions.get(domain.value));
    if (lowered !== undefined) return context.json({ error: lowered }, 409);
    policies.promotions.put(promotion);
    const shown = toShownPromotion(promotion, world.now());
    onWord('an operator has promoted a level', { ...shown });
    const promoted: Promoted = { promotion: shown, mail: await wake(domain.value, parts) };
    return context.json(promoted);
  });

  app.post('/promotions/rollback', async (context) => {
    const asked = ofDomain.safeParse(await context.req.json().catch(() => undefined));
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const domain = parseDomain(asked.data.domain);
    if (domain.kind === 'invalid') return context.json({ error: domain.because }, 400);
    await parts.recorder.flush();
    const known = policies.promotions.get(domain.value);
    if (known === undefined || promotionState(known, world.now()) !== 'in-force')
      return context.json({ error: `no level is promoted for ${domain.value}` }, 404);
    policies.promotions.end(domain.value, world.now(), `an operator: ${asked.data.reason}`);
    const ended = policies.promotions.get(domain.value) ?? known;
    const shown = toShownPromotion(ended, world.now());
    onWord('an operator has taken a promoted level back', { ...shown });
    const promoted: Promoted = { promotion: shown, mail: await wake(domain.value, parts) };
    return context.json(promoted);
  });
}

/** Why it must not take the place of the one that is there; undefined: it may. */
function loweredBy({ domain, level, setAt }: Promotion, stands: Promotion | undefined): string | undefined {
  if (stands?.level !== 'authenticate' || level !== 'encrypt') return undefined;
  if (promotionState(stands, setAt) !== 'in-force') return undefined;
  return `authenticate is promoted for ${domain}, which is more than encrypt: take that back first`;
}
