/** The policy list while the relay runs: where it comes from, what the log says of it, and its metrics. */
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { httpsAddresses } from '../lookup/https-addresses.ts';
import { type ListKeeper, type ListLook, type ListTerms, openListKeeper } from '../lookup/list-keeper.ts';
import { formatMoment } from '../names/calendar.ts';
import { outgoingContext } from '../net/tls.ts';
import { isInForce, type ListHead } from '../policies/list/facts.ts';
import type { World } from '../relay/settings.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import { listSource } from './list-source.ts';
import type { CurrentLookUps } from './relay-dns.ts';
import type { Running } from './reload.ts';
import { version } from './version.ts';

export interface ListServiceParts {
  /** By what the process works at the moment. */
  readonly running: () => Running;
  readonly store: PolicyStore['list'];
  readonly lookUps: CurrentLookUps;
  readonly world: World;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly onError: (what: string, error: unknown) => void;
}

export interface ListService {
  readonly keeper: ListKeeper;
  /** What the configuration of the moment says; null: no list is used. */
  readonly terms: () => ListTerms | null;
  /** Shows its metrics. */
  show(registry: Registry): void;
}

/** Begins to look for a newer list at once. */
export function startListService(parts: ListServiceParts): ListService {
  const { running, store, lookUps, world, log, onError } = parts;
  const counts = new Map<string, number>();
  const terms = (): ListTerms | null => {
    const { config, files } = running();
    const { list } = config;
    if (list === null) return null;
    const source = listSource(list, () => ({
      addresses: (host) => httpsAddresses(lookUps.now().dns, host),
      context: outgoingContext(files.roots),
      userAgent: `waxwing/${version()}`,
    }));
    return { keys: list.keys, source, refreshMs: list.refreshMs };
  };
  const keeper = openListKeeper({
    store,
    terms,
    ...world,
    onLook(look) {
      const what = look.fault ?? look.outcome;
      counts.set(what, (counts.get(what) ?? 0) + 1);
      tell(look, keeper.head(), world.now(), log);
    },
    onEndNear: ({ expires, source }) =>
      log.warn(
        { source },
        `the policy list ends at ${moment(expires)}, and no newer one could be had so far: from then on nothing of it protects mail`,
      ),
    onKeyGone: (head) => tellKeyGone(head, terms() !== null, log),
    onEnd: ({ expires, source }) =>
      log.error(
        { source },
        `the policy list ended at ${moment(expires)} and no newer one could be had: nothing of it protects mail any more`,
      ),
    onError,
  });
  void keeper.look();
  return { keeper, terms, show: (registry) => show(registry, keeper, counts, world) };
}

function tellKeyGone({ timestamp, source }: ListHead, isUsed: boolean, log: ListServiceParts['log']): void {
  const list = `policy list of ${moment(timestamp)}`;
  const gone = 'nothing of it protects mail any more';
  if (isUsed) log.error({ source }, `none of list.keys has signed the ${list} that is kept: ${gone}`);
  else log.warn({ source }, `list.keys is not set, and a ${list} is kept: ${gone}`);
}

/** One line for each look that is worth it. */
function tell(
  { outcome, fault, source, because }: ListLook,
  head: ListHead | undefined,
  now: number,
  log: ListServiceParts['log'],
): void {
  if (outcome === 'unchanged') return;
  if (outcome === 'accepted') return log.info({ source }, `a new policy list is in force: ${because}`);
  const kept =
    head !== undefined && isInForce(head, now)
      ? `the one of ${moment(head.timestamp)} stays in force until ${moment(head.expires)}`
      : 'none is in force';
  const what = outcome === 'refused' ? `was refused (${fault ?? ''})` : 'could not be had';
  log.warn({ source }, `a policy list ${what}: ${because}; ${kept}`);
}

function show(
  registry: Registry,
  keeper: ListKeeper,
  counts: ReadonlyMap<string, number>,
  { now }: Pick<World, 'now'>,
): void {
  const registers = [registry];
  const looks: Counter = new Counter({
    name: 'waxwing_list_looks_total',
    help: 'Policy lists that were looked at, by what came of it: accepted, unchanged, failed, or why it was refused.',
    labelNames: ['outcome'],
    registers,
    collect() {
      looks.reset();
      for (const [outcome, count] of counts) looks.inc({ outcome }, count);
    },
  });
  const left: Gauge = new Gauge({
    name: 'waxwing_list_left_seconds',
    help: 'How long the policy list holds; 0 where none is in force.',
    registers,
    collect() {
      const head = keeper.head();
      const inForce = head !== undefined && isInForce(head, now());
      left.set(inForce ? Math.floor((head.expires - now()) / 1000) : 0);
    },
  });
  const domains: Gauge = new Gauge({
    name: 'waxwing_list_domains',
    help: 'Domains on the policy list that is in force.',
    registers,
    collect() {
      const head = keeper.head();
      domains.set(head !== undefined && isInForce(head, now()) ? head.domains : 0);
    },
  });
}

function moment(at: number): string {
  return formatMoment(Math.floor(at / 1000));
}
