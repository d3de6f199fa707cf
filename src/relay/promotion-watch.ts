/** Watches what promoted levels block, and takes back the one that blocks more than was said to be bearable. */
import { type DeliveryEvent, isDeliveryEvent, type RelayEvent } from '../events/delivery-event.ts';
import type { Domain } from '../names/domain.ts';
import { parseMailbox } from '../names/mailbox.ts';
import { type Route, routeFor } from '../policies/overrides/route.ts';
import { type Rule, ruledForDomain } from '../policies/overrides/rule.ts';
import { type Promotion, promotionState, rollbackReason } from '../policies/report-only/promotion.ts';
import type { EpochMs } from '../policies/words.ts';
import type { PolicyStore } from '../store/policy-store.ts';

export interface PromotionWatchParts {
  readonly store: Pick<PolicyStore['promotions'], 'get' | 'block' | 'end'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whose promotion may have blocked the mail; undefined: nobody's. */
  readonly domainOf: (event: Pick<DeliveryEvent, 'to'>) => Domain | undefined;
  /** One was taken back: once, whichever process does it. */
  readonly onRollback: (promotion: Promotion, because: string) => void;
  /** One that has blocked mail in this process is not in force any more, whoever has ended it. */
  readonly onEnded: (domain: Domain) => void;
  readonly onError: (what: string, error: unknown) => void;
}

export interface PromotionWatch {
  events(events: readonly RelayEvent[]): void;
  flush(): void;
  close(): void;
}

/** Other processes block for the same domain, and end what blocks: both is seen this often. */
const WRITE_EVERY_MS = 5_000;
/** Domains until they are written down, and of which it is known that mail is held. */
const MOST_DOMAINS = 1_000;

export function watchPromotions(parts: PromotionWatchParts): PromotionWatch {
  const { store, now, onError } = parts;
  const blocked = new Map<Domain, number>();
  /** Under whose promotion mail was blocked here. */
  const holding = new Set<Domain>();
  const timer = setInterval(flush, WRITE_EVERY_MS);
  timer.unref();

  function flush(): void {
    count();
    for (const domain of holding) {
      try {
        if (isInForce(store.get(domain), now())) continue;
      } catch (error) {
        onError(`looking at what is promoted for ${domain}`, error);
        return;
      }
      holding.delete(domain);
      parts.onEnded(domain);
    }
  }

  function count(): void {
    for (const [domain, recipients] of blocked) {
      try {
        settle(domain, recipients);
        blocked.delete(domain);
      } catch (error) {
        onError(`counting what is blocked for ${domain}`, error);
        return;
      }
    }
  }

  function settle(domain: Domain, recipients: number): void {
    const promotion = store.block(domain, recipients);
    if (promotion === undefined || !isInForce(promotion, now())) return;
    if (holding.size < MOST_DOMAINS) holding.add(domain);
    const because = rollbackReason(promotion, now());
    if (because !== undefined && store.end(domain, now(), because)) parts.onRollback(promotion, because);
  }

  return {
    events(events) {
      for (const event of events) {
        // One for each recipient and cause, whatever is tried later.
        if (event.event !== 'blocked' || !isDeliveryEvent(event) || event.tls?.by !== 'override') continue;
        const domain = parts.domainOf(event);
        if (domain !== undefined) blocked.set(domain, (blocked.get(domain) ?? 0) + 1);
      }
      if (blocked.size >= MOST_DOMAINS) flush();
    },
    flush,
    close() {
      clearInterval(timer);
      count();
    },
  };
}

function isInForce(promotion: Promotion | undefined, now: EpochMs): boolean {
  return promotion !== undefined && promotionState(promotion, now) === 'in-force';
}

/** What operators say at the moment beside promotions. */
export interface OtherWords {
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  /** Whether an override stands over what is promoted for the domain. */
  readonly overridden: (domain: Domain) => boolean;
}

/**
 * The domain whose promotion may have blocked mail for an address: its own, or the name of the next hop that a route has.
 *
 * @returns undefined where another word of the operator stands over every promotion.
 */
export function promotedDomain(
  address: string,
  { routes, rules, overridden }: OtherWords,
): Domain | undefined {
  const mailbox = parseMailbox(address, { utf8: true });
  if (mailbox.kind === 'invalid' || mailbox.value.at.kind === 'literal') return undefined;
  const { at } = mailbox.value;
  const route = routeFor(at, routes);
  if ((route !== undefined && route.tls !== null) || ruledForDomain(at, rules).tls !== null) return undefined;
  const hop = route?.to?.host;
  if (hop?.kind === 'ip') return undefined;
  const domain = hop?.name ?? at.domain;
  return overridden(domain) ? undefined : domain;
}
