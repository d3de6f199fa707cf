/** Watches what promoted levels block, and takes back the one that blocks more than was said to be bearable. */
import type { RelayEvent } from '../events/delivery-event.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import { type Promotion, rollbackReason } from '../policies/report-only/promotion.ts';
import type { PolicyStore } from '../store/policy-store.ts';

export interface PromotionWatchParts {
  readonly store: Pick<PolicyStore['promotions'], 'block' | 'end'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** One was taken back: once, whichever process does it. */
  readonly onRollback: (promotion: Promotion, because: string) => void;
  readonly onError: (what: string, error: unknown) => void;
}

export interface PromotionWatch {
  events(events: readonly RelayEvent[]): void;
  flush(): void;
  close(): void;
}

/** Other processes block for the same domain: what each has counted is added up this often. */
const WRITE_EVERY_MS = 5_000;
/** Domains until they are written down. */
const MOST_DOMAINS = 1_000;

export function watchPromotions({ store, now, onRollback, onError }: PromotionWatchParts): PromotionWatch {
  const blocked = new Map<Domain, number>();
  const timer = setInterval(flush, WRITE_EVERY_MS);
  timer.unref();

  function flush(): void {
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
    const because = promotion === undefined ? undefined : rollbackReason(promotion, now());
    if (promotion === undefined || because === undefined) return;
    if (store.end(domain, now(), because)) onRollback(promotion, because);
  }

  return {
    events(events) {
      for (const event of events) {
        // One for each recipient and cause, whatever is tried later.
        if (event.event !== 'blocked' || event.tls?.by !== 'override') continue;
        const domain = parseDomain(event.to.slice(event.to.lastIndexOf('@') + 1));
        if (domain.kind === 'ok') blocked.set(domain.value, (blocked.get(domain.value) ?? 0) + 1);
      }
      if (blocked.size >= MOST_DOMAINS) flush();
    },
    flush,
    close() {
      clearInterval(timer);
      flush();
    },
  };
}
