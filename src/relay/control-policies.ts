/** The part of the control socket that shows what is kept of policies, and takes an operator's word about them. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { PolicyEngine } from '../lookup/engine.ts';
import { type Parsed, parseDomain } from '../names/domain.ts';
import type { MemorySettings } from '../policies/memory/expect.ts';
import type { StsFacts } from '../policies/mta-sts/facts.ts';
import { EVERYWHERE, type Override } from '../policies/overrides/override.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import type { RelayAtControl } from './control.ts';
import { LISTED_AT_ONCE, moment, reasonText } from './control-api.ts';
import { toKeptInbound } from './control-clients.ts';
import { type ListParts, listingOf } from './control-list.ts';
import { type ResultParts, recentResults } from './control-results.ts';
import { type WakeParts, wake } from './control-wake.ts';
import {
  type KeptOfDomain,
  type Overridden,
  type Purged,
  type Refreshed,
  toKeptOverride,
  toKeptPolicy,
  toKeptTls,
  toKeptTracks,
  toShownPromotion,
} from './policies-api.ts';
import type { World } from './settings.ts';

export interface PolicyParts extends ResultParts, WakeParts, Pick<ListParts, 'list'> {
  readonly relay: WakeParts['relay'] & Pick<RelayAtControl, 'inbound' | 'rememberedTls'>;
  readonly world: World;
  readonly policies: Pick<PolicyStore, 'sts' | 'overrides' | 'list' | 'memory' | 'promotions'>;
  /** What the memory goes by at the moment. */
  readonly memory: () => MemorySettings;
  readonly engine: Pick<PolicyEngine, 'refresh' | 'forget'>;
  /** Called for each word of an operator that was carried out. */
  readonly onWord: (what: string, about: Readonly<Record<string, unknown>>) => void;
}

const ofDomain = z.strictObject({ domain: z.string() });
const overrideRequest = z.strictObject({
  domain: z.string(),
  level: z.enum(['off', 'may', 'encrypt', 'authenticate']),
  until: moment.nullable(),
  reason: reasonText,
});

export function addPolicyRoutes(app: Hono, parts: PolicyParts): void {
  addReading(app, parts);
  addFetching(app, parts);
  addOverrides(app, parts);
}

function addReading(app: Hono, parts: PolicyParts): void {
  const { policies, relay, world } = parts;
  app.get('/policies', (context) => {
    const behind = context.req.query('after');
    const after = behind === undefined ? undefined : parseDomain(behind);
    if (after?.kind === 'invalid') return context.json({ error: after.because }, 400);
    const page = policies.sts.list({ after: after?.value ?? null, limit: LISTED_AT_ONCE });
    return context.json(page.map((entry) => toKeptPolicy(entry, world.now())));
  });

  app.get('/policies/:domain', async (context) => {
    const domain = parseDomain(context.req.param('domain'));
    if (domain.kind === 'invalid') return context.json({ error: domain.because }, 400);
    const sts = policies.sts.get(domain.value);
    const override = policies.overrides.get(domain.value);
    const promotion = policies.promotions.get(domain.value);
    const inbound = (await relay.inbound.of(domain.value)).map((row) => toKeptInbound(row, world.now()));
    // It has everything written down that was seen up to now.
    const results = await recentResults(parts, domain.value);
    const outbound = toKeptTracks(policies.memory.of(domain.value), world.now(), parts.memory());
    const listed = listingOf(domain.value, parts);
    const isKnown =
      sts !== undefined ||
      override !== undefined ||
      promotion !== undefined ||
      listed !== null ||
      [inbound, outbound, results].some((list) => list.length > 0);
    if (!isKnown) return context.json({ error: `nothing is kept of ${domain.value}` }, 404);
    const kept: KeptOfDomain = {
      domain: domain.value,
      sts: sts === undefined ? null : toKeptPolicy(sts, world.now()),
      override: override === undefined ? null : toKeptOverride(override, world.now()),
      promotion: promotion === undefined ? null : toShownPromotion(promotion, world.now()),
      listed,
      outbound,
      inbound,
      results,
    };
    return context.json(kept);
  });

  app.get('/remembered-tls', async (context) => context.json((await relay.rememberedTls()).map(toKeptTls)));

  app.get('/overrides', (context) =>
    context.json(policies.overrides.list().map((override) => toKeptOverride(override, world.now()))),
  );
}

function addFetching(app: Hono, parts: PolicyParts): void {
  const { policies, engine, relay, world, onWord } = parts;
  app.post('/policies/refresh', async (context) => {
    const asked = await domainOf(context, parseDomain);
    if (asked.kind === 'invalid') return context.json({ error: asked.because }, 400);
    const domain = asked.value;
    const facts = await engine.refresh(domain);
    const outcome = outcomeOf(facts);
    onWord('an operator had an MTA-STS policy fetched', { domain, outcome, because: facts.because });
    const entry = policies.sts.get(domain);
    const refreshed: Refreshed = {
      domain,
      outcome,
      because: facts.because,
      evidence: facts.evidence,
      sts: entry === undefined ? null : toKeptPolicy(entry, world.now()),
      mail: await wake(domain, parts),
    };
    return context.json(refreshed);
  });

  app.post('/policies/purge', async (context) => {
    const asked = await domainOf(context, parseDomain);
    if (asked.kind === 'invalid') return context.json({ error: asked.because }, 400);
    const domain = asked.value;
    await parts.recorder.flush();
    const outbound = policies.memory.purge(domain) > 0;
    // Behind that: answers of the advisor that stood on it are made anew then.
    const entry = await engine.forget(domain);
    const inbound = await relay.inbound.purge(domain);
    if (entry === undefined && inbound === 0 && !outbound)
      return context.json(
        { error: `neither an MTA-STS policy nor sessions are remembered of ${domain}` },
        404,
      );
    const about = { domain, id: entry?.known?.id ?? null, senders: inbound, sessions: outbound };
    onWord('an operator had a domain forgotten', about);
    const purged: Purged = {
      domain,
      purged: entry === undefined ? null : toKeptPolicy(entry, world.now()),
      inbound,
      outbound,
      mail: await wake(domain, parts),
    };
    return context.json(purged);
  });
}

/** A fetch that failed, and a record nobody could ask for, are no word of the domain that it has no policy. */
function outcomeOf({ kind, record, report }: StsFacts): Refreshed['outcome'] {
  if (report !== null || kind === 'unknown' || record.kind === 'unknown') return 'failed';
  return kind === 'policy' || record.kind === 'found' ? 'policy' : 'none';
}

function addOverrides(app: Hono, parts: PolicyParts): void {
  const { policies, world, onWord } = parts;
  app.post('/overrides', async (context) => {
    const asked = overrideRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const { level, reason } = asked.data;
    const domain = readOverridden(asked.data.domain);
    if (domain.kind === 'invalid') return context.json({ error: domain.because }, 400);
    const now = world.now();
    const until = asked.data.until === null ? null : Date.parse(asked.data.until);
    if (until !== null && until <= now) return context.json({ error: 'that time is over' }, 400);
    if (domain.value === EVERYWHERE && (level !== 'may' || until === null))
      return context.json({ error: 'for all domains there is only may, and only until a time' }, 400);
    const override: Override = { domain: domain.value, level, until, reason, setAt: now };
    policies.overrides.put(override);
    const kept = toKeptOverride(override, now);
    onWord('an operator has set an override', { ...kept });
    const overridden: Overridden = { override: kept, mail: await wake(domain.value, parts) };
    return context.json(overridden);
  });

  app.post('/overrides/end', async (context) => {
    const asked = await domainOf(context, readOverridden);
    if (asked.kind === 'invalid') return context.json({ error: asked.because }, 400);
    const domain = asked.value;
    const override = policies.overrides.get(domain);
    if (override === undefined) return context.json({ error: `there is no override for ${domain}` }, 404);
    policies.overrides.remove(domain);
    const kept = toKeptOverride(override, world.now());
    onWord('an operator has taken an override back', { ...kept });
    const overridden: Overridden = { override: kept, mail: await wake(domain, parts) };
    return context.json(overridden);
  });
}

function readOverridden(text: string): Parsed<Override['domain']> {
  return text === EVERYWHERE ? { kind: 'ok', value: EVERYWHERE } : parseDomain(text);
}

async function domainOf<Name>(context: Context, read: (text: string) => Parsed<Name>): Promise<Parsed<Name>> {
  const asked = ofDomain.safeParse(await context.req.json().catch(() => undefined));
  return asked.success ? read(asked.data.domain) : { kind: 'invalid', because: z.prettifyError(asked.error) };
}
