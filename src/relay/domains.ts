/** The domains that we take mail in for, and where it goes from here. */
import type { Returned } from '../mail/srs.ts';
import type { Domain } from '../names/domain.ts';
import type { Mailbox, MailDomain } from '../names/mailbox.ts';
import type { RequireTlsLevel } from '../policies/message.ts';
import { isThisHost, type NamePattern, type Route, type RouteTarget } from '../policies/overrides/route.ts';
import type { TlsLevel } from '../policies/words.ts';
import { type Alias, CATCH_ALL, resolveAliases } from './aliases.ts';

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
  /** Other names of mailboxes, and addresses whose mail goes elsewhere. */
  readonly aliases: readonly Alias[];
}

export type Residence =
  /** In no domain of ours. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  /** The backend knows. */
  | { readonly kind: 'callout'; readonly domain: LocalDomain }
  /** Mail goes to each of these instead: mailboxes of our domains, and others. None of them is an alias. */
  | { readonly kind: 'alias'; readonly targets: readonly Mailbox[] }
  /** What comes back of forwarded mail, and whose it was. */
  | { readonly kind: 'returned'; readonly to: Mailbox }
  /** It looks like what comes back of forwarded mail, and is not. */
  | { readonly kind: 'forged'; readonly because: string };

export interface LocalDomains {
  /** Whether we take mail for the mailbox in, and who gets it. `postmaster` exists everywhere (RFC 5321 §4.5.1). */
  residence(mailbox: Mailbox): Residence;
  /** Where a bare `<postmaster>` is; undefined where we have no domain. */
  readonly postmasterAt: MailDomain | undefined;
}

/**
 * @param cameBack what an address in our domains is as one of mail that was forwarded.
 * @param plainOf the bounce address that an address was made of; undefined: it was not.
 */
export function openDomains(
  domains: readonly LocalDomain[],
  cameBack: (mailbox: Mailbox) => Returned = () => ({ kind: 'other' }),
  plainOf: (mailbox: Mailbox) => Mailbox | undefined = () => undefined,
): LocalDomains {
  const byName = new Map<string, LocalDomain>(domains.map((domain) => [domain.name, domain]));
  const { table: aliases } = resolveAliases(domains);
  const tables = new Map<LocalDomain, ReadonlySet<string>>();
  for (const domain of domains) {
    const { recipients } = domain;
    if (recipients.kind === 'table') tables.set(domain, new Set([...recipients.locals].map(sameCase)));
  }
  const [first] = domains;
  function residence(mailbox: Mailbox): Residence {
    const { local, at } = mailbox;
    const domain = at.kind === 'domain' ? byName.get(at.domain) : undefined;
    if (domain === undefined) return { kind: 'elsewhere' };
    const returned = cameBack(mailbox);
    if (returned.kind === 'to') return { kind: 'returned', to: returned.mailbox };
    if (returned.kind === 'invalid') return { kind: 'forged', because: returned.because };
    const plain = plainOf(mailbox);
    if (plain !== undefined) return asAlias(plain, residence(plain));
    const key = localKey(local);
    const targets = aliases.get(`${key}@${domain.name}`);
    if (targets !== undefined) return { kind: 'alias', targets };
    if (key === 'postmaster') return { kind: 'known' };
    const table = tables.get(domain);
    if (table !== undefined) {
      if (table.has(key)) return { kind: 'known' };
      const others = aliases.get(`${CATCH_ALL}@${domain.name}`);
      return others === undefined ? { kind: 'unknown' } : { kind: 'alias', targets: others };
    }
    if (/[@%!]/.test(key)) return { kind: 'unknown' };
    return domain.recipients.kind === 'callout' ? { kind: 'callout', domain } : { kind: 'known' };
  }
  return {
    postmasterAt: first === undefined ? undefined : { kind: 'domain', domain: first.name },
    residence,
  };
}

/** What goes to an address that was made of this one goes to this one. */
function asAlias(plain: Mailbox, residence: Residence): Residence {
  return residence.kind === 'known' || residence.kind === 'callout'
    ? { kind: 'alias', targets: [plain] }
    : residence;
}

/** Mail for our domains goes to their backends, whoever hands it in; these stand before the operator's routes. */
export function routesOf(
  domains: readonly Omit<LocalDomain, 'aliases' | 'recipients'>[],
  hello: MailDomain,
): Route[] {
  return domains.map(({ name, backend, tls, requireTls, names }) => ({
    match: { kind: 'domain', domain: name },
    to: backend,
    login: null,
    tls,
    requireTls,
    endsHere: isThisHost(backend),
    onBlocked: null,
    names,
    hello,
    source: null,
    connections: null,
    messagesPerMinute: null,
  }));
}

/** What local parts are compared by: without quotes, in lower case. */
export function localKey(local: string): string {
  return sameCase(unquoted(local));
}

/** RFC 5321 §4.1.2: a quoted local part means the same as the one without quotes, where that can be written. */
function unquoted(local: string): string {
  return local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local;
}

/** Only A to Z: what else has two cases is the backend's business. */
function sameCase(local: string): string {
  return local.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
