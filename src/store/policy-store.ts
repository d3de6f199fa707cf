/**
 * What is known of other domains' policies, and what an operator has said about them, over restarts.
 *
 * Calls are synchronous: a row is read in microseconds, and written seldom. What a call has written is on the medium when
 * it returns. Every call may throw a {@link StoreError}, and has then changed nothing.
 */
import type { Domain } from '../names/domain.ts';
import type { AcceptedList, Signing } from '../policies/list/accept.ts';
import type { ListHead } from '../policies/list/facts.ts';
import type { ListedDomain } from '../policies/list/policy-list.ts';
import type { Track } from '../policies/memory/track.ts';
import type { StsEntry } from '../policies/mta-sts/cache.ts';
import type { Override } from '../policies/overrides/override.ts';
import type { Promotion } from '../policies/report-only/promotion.ts';
import type { EpochMs } from '../policies/words.ts';

/** A page of a list that is in the order of the domains. */
interface Page {
  /** The last domain of the page before; null for the first page. */
  readonly after: Domain | null;
  readonly limit: number;
}

/** What `explain`, `check` and `policy list` read, beside a `serve` that writes. */
export interface PolicyReader {
  readonly sts: {
    get(domain: Domain): StsEntry | undefined;
    list(page: Page): readonly StsEntry[];
  };
  readonly overrides: {
    get(domain: Override['domain']): Override | undefined;
    /** Its own, and the one for all domains: what mail asks for. */
    about(domain: Domain): readonly Override[];
    /** In the order of the domains, those included whose time is over. */
    list(): readonly Override[];
  };
  readonly list: {
    /** The list that was accepted last, also where its time is over. */
    head(): ListHead | undefined;
    /** What it says of a domain. */
    listed(domain: Domain): ListedDomain | undefined;
    /** What each key has signed, of all lists that were accepted. */
    signings(): readonly Signing[];
  };
  readonly memory: {
    /** What is remembered of sessions with the hosts of the domain: of the domain as a whole first, then by host. */
    of(domain: Domain): readonly Track[];
  };
  readonly promotions: {
    get(domain: Domain): Promotion | undefined;
    /** In the order of the domains, those included whose time is over or that were taken back. */
    list(): readonly Promotion[];
  };
  close(): void;
}

export interface PolicyStore extends PolicyReader {
  readonly sts: PolicyReader['sts'] & {
    /** In place of the row of its domain, unless that has a policy that was fetched later: another process was faster. */
    put(entry: StsEntry): void;
    /** @returns whether there was one. */
    remove(domain: Domain): boolean;
    /** Rows that are to be renewed, also because the clock was set back behind their last attempt; the first due first. */
    due(now: EpochMs, limit: number): readonly StsEntry[];
    /**
     * Removes what no mail has asked for since `before`, where its policy, if it has one, had ended by then.
     *
     * @returns how many rows.
     */
    forget(before: EpochMs): number;
  };
  readonly overrides: PolicyReader['overrides'] & {
    /** In place of the one for its domain. */
    put(override: Override): void;
    /** @returns whether there was one. */
    remove(domain: Override['domain']): boolean;
  };
  readonly list: PolicyReader['list'] & {
    /** In place of the one that is there, all of it or nothing. @param source where it came from. */
    put(accepted: AcceptedList, source: string, now: EpochMs): void;
    /** Its time is over: it names no domain any more. That it was accepted stays known. */
    end(): void;
  };
  readonly memory: PolicyReader['memory'] & {
    /** Forgets all that is remembered of the domain. @returns how many tracks there were. */
    purge(domain: Domain): number;
  };
  readonly promotions: PolicyReader['promotions'] & {
    /** In place of the one for its domain. */
    put(promotion: Promotion): void;
    /** Adds recipients to those that it has blocked, where it was not taken back. @returns it as it is then. */
    block(domain: Domain, recipients: number): Promotion | undefined;
    /** Takes it back; it stays to be seen. @returns whether that had not happened before. */
    end(domain: Domain, at: EpochMs, because: string): boolean;
  };
}
