/** The domains that we take mail in for, and where it goes from here. */
import type { Domain } from '../names/domain.ts';
import type { Mailbox, MailDomain } from '../names/mailbox.ts';
import type { RequireTlsLevel } from '../policies/message.ts';
import type { NamePattern, Route, RouteTarget } from '../policies/overrides/route.ts';
import type { TlsLevel } from '../policies/words.ts';

export interface LocalDomain {
  readonly name: Domain;
  readonly backend: RouteTarget;
  /** null: the default level. */
  readonly tls: TlsLevel | null;
  /** How far REQUIRETLS is honoured on the way to the backend; null: as everywhere. */
  readonly requireTls: RequireTlsLevel | null;
  /** Further names that the backend's certificate may prove where the level is `authenticate`. */
  readonly names: readonly NamePattern[];
  /**
   * Which mailboxes exist. `table`: exactly those, the case of A to Z aside; there are no subaddresses but those that
   * are listed. `callout`: the backend is asked. `any`: all that the backend will take.
   *
   * Only a table gives a local part with `@`, `%` or `!` in it: such a one may be a way on from the backend to
   * somewhere else, and the backend trusts us.
   */
  readonly recipients:
    | { readonly kind: 'any' }
    | { readonly kind: 'table'; readonly locals: ReadonlySet<string> }
    | { readonly kind: 'callout' };
}

export type Residence =
  /** In no domain of ours. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  /** The backend knows. */
  | { readonly kind: 'callout'; readonly domain: LocalDomain };

export interface LocalDomains {
  /** Whether we take mail for the mailbox in. `postmaster` exists everywhere (RFC 5321 §4.5.1). */
  residence(mailbox: Mailbox): Residence;
  /** Where a bare `<postmaster>` is; undefined where we have no domain. */
  readonly postmasterAt: MailDomain | undefined;
}

export function openDomains(domains: readonly LocalDomain[]): LocalDomains {
  const byName = new Map<string, LocalDomain>(domains.map((domain) => [domain.name, domain]));
  const tables = new Map<LocalDomain, ReadonlySet<string>>();
  for (const domain of domains) {
    const { recipients } = domain;
    if (recipients.kind === 'table') tables.set(domain, new Set([...recipients.locals].map(sameCase)));
  }
  const [first] = domains;
  return {
    postmasterAt: first === undefined ? undefined : { kind: 'domain', domain: first.name },
    residence({ local, at }) {
      const domain = at.kind === 'domain' ? byName.get(at.domain) : undefined;
      if (domain === undefined) return { kind: 'elsewhere' };
      const key = sameCase(unquoted(local));
      if (key === 'postmaster') return { kind: 'known' };
      const table = tables.get(domain);
      if (table !== undefined) return { kind: table.has(key) ? 'known' : 'unknown' };
      if (/[@%!]/.test(key)) return { kind: 'unknown' };
      return domain.recipients.kind === 'callout' ? { kind: 'callout', domain } : { kind: 'known' };
    },
  };
}

/** Mail for our domains goes to their backends, whoever hands it in; these stand before the operator's routes. */
export function routesOf(domains: readonly LocalDomain[], hello: MailDomain): Route[] {
  return domains.map(({ name, backend, tls, requireTls, names }) => ({
    match: { kind: 'domain', domain: name },
    to: backend,
    login: null,
    tls,
    requireTls,
    onBlocked: null,
    names,
    hello,
    source: null,
    connections: null,
    messagesPerMinute: null,
  }));
}

/** RFC 5321 §4.1.2: a quoted local part means the same as the one without quotes, where that can be written. */
function unquoted(local: string): string {
  return local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local;
}

/** Only A to Z: what else has two cases is the backend's business. */
function sameCase(local: string): string {
  return local.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
