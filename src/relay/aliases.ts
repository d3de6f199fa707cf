/** Aliases of our own domains: how they are written, and to which mailboxes each of them leads in the end. */
import { isAscii, type Parsed, quote } from '../names/domain.ts';
import { type Mailbox, parseMailbox } from '../names/mailbox.ts';
import { type LocalDomain, localKey } from './domains.ts';

/** One line: `sales: anna, bob@elsewhere.example`. */
export interface Alias {
  /** A local part as its mailbox is called, or `*` for all that do not exist otherwise. */
  readonly name: string;
  /** Those without an @ are in the domain of the alias. At least one. */
  readonly targets: readonly string[];
}

export const CATCH_ALL = '*';
const POSTMASTER = 'postmaster';
const DEEPEST = 10;
const MOST_TARGETS = 100;

/** Reads a line of an alias file. */
export function parseAlias(line: string): Parsed<Alias> {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trim();
  if (name !== CATCH_ALL && parseMailbox(`${name}@example.test`, { utf8: true }).kind !== 'ok')
    return invalid(`${quote(line)} is not an alias such as "sales: anna, bob@elsewhere.example"`);
  const targets = line
    .slice(colon + 1)
    .split(',')
    .map((target) => target.trim());
  for (const target of targets) {
    const because = faultOfTarget(target);
    if (because !== undefined) return invalid(`the alias ${quote(name)}: ${because}`);
  }
  return { kind: 'ok', value: { name: localKey(name), targets } };
}

function faultOfTarget(target: string): string | undefined {
  if (/^"?\|/.test(target)) return `${quote(target)} is a program, and none is run here`;
  if (/^"?\//.test(target)) return `${quote(target)} is a file, and none is written here`;
  if (/^"?:/.test(target)) return `${quote(target)} includes a file, which is not done here`;
  const full = target.includes('@') ? target : `${target}@example.test`;
  const parsed = parseMailbox(full, { utf8: true });
  if (parsed.kind === 'invalid') return parsed.because;
  if (parsed.value.at.kind === 'literal') return `${quote(target)} is at an address, not in a domain`;
  // Whether the sender's server can hand on what needs SMTPUTF8 is not known when the alias is written.
  return isAscii(parsed.value.local) ? undefined : `${quote(target)} is not ASCII before its @`;
}

/** Reads a file of aliases: one a line, # begins a comment, a line that begins with a blank goes on with the one before. */
export function readAliases(text: string): Parsed<readonly Alias[]> {
  const lines: { readonly at: number; text: string }[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^[ \t]*(?:#|$)/.test(line)) continue;
    const last = lines.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) last.text += line;
    else lines.push({ at: index + 1, text: line });
  }
  const aliases: Alias[] = [];
  for (const { at, text: line } of lines) {
    const alias = parseAlias(line);
    if (alias.kind === 'invalid') return invalid(`line ${at}: ${alias.because}`);
    aliases.push(alias.value);
  }
  return { kind: 'ok', value: aliases };
}

/** Where each alias of all our domains leads, by `name@domain`. */
export type AliasTable = ReadonlyMap<string, readonly Mailbox[]>;

export interface AliasFault {
  /** Of the domain. */
  readonly index: number;
  readonly because: string;
}

/** What an address in one of our domains can be. */
interface Ground {
  readonly aliases: ReadonlyMap<string, Alias>;
  /** undefined: the backend knows. */
  readonly locals: ReadonlySet<string> | undefined;
}

type Grounds = ReadonlyMap<string, Ground>;

/** Follows all aliases to their ends: mailboxes behind our backends, and addresses elsewhere. */
export function resolveAliases(domains: readonly LocalDomain[]): {
  readonly table: AliasTable;
  readonly faults: readonly AliasFault[];
} {
  const table = new Map<string, readonly Mailbox[]>();
  const faults: AliasFault[] = [];
  const grounds: Grounds = new Map(domains.map((domain) => [domain.name, groundOf(domain)]));
  for (const [index, { name: domain, aliases, recipients }] of domains.entries()) {
    const seen = new Set<string>();
    for (const { name } of aliases) {
      const complain = (because: string): void => {
        faults.push({ index, because: `the alias ${quote(name)} ${because}` });
      };
      if (seen.has(name)) complain('is there twice');
      seen.add(name);
      if (name === CATCH_ALL && recipients.kind !== 'table')
        complain('needs recipients, as it is for those that are not among them');
      const ends = endsOf(name, domain, grounds);
      if (ends.kind === 'invalid') complain(ends.because);
      else table.set(`${name}@${domain}`, ends.value);
    }
  }
  return { table, faults };
}

function groundOf({ aliases, recipients }: LocalDomain): Ground {
  return {
    aliases: new Map(aliases.map((alias) => [alias.name, alias])),
    locals: recipients.kind === 'table' ? new Set([...recipients.locals].map(localKey)) : undefined,
  };
}

function endsOf(name: string, domain: string, grounds: Grounds): Parsed<readonly Mailbox[]> {
  const ends = new Map<string, Mailbox>();
  const fault = follow(name, domain, [], ends, grounds);
  return fault === undefined ? { kind: 'ok', value: [...ends.values()] } : invalid(fault);
}

/** @param path the aliases on the way here. @returns what is wrong with it. */
function follow(
  name: string,
  domain: string,
  path: readonly string[],
  ends: Map<string, Mailbox>,
  grounds: Grounds,
): string | undefined {
  const own = `${name}@${domain}`;
  if (path.includes(own)) return `leads in a circle, by ${own}`;
  if (path.length === DEEPEST) return `leads through more than ${DEEPEST} others`;
  for (const target of grounds.get(domain)?.aliases.get(name)?.targets ?? []) {
    const parsed = parseMailbox(target.includes('@') ? target : `${target}@${domain}`);
    if (parsed.kind === 'invalid') return `leads to ${quote(target)}: ${parsed.because}`;
    const fault = followTarget(parsed.value, [...path, own], ends, grounds);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function followTarget(
  mailbox: Mailbox,
  path: readonly string[],
  ends: Map<string, Mailbox>,
  grounds: Grounds,
): string | undefined {
  const { domain } = mailbox.at.kind === 'domain' ? mailbox.at : { domain: '' };
  const ground = grounds.get(domain);
  const key = localKey(mailbox.local);
  const exists = ground?.locals === undefined || key === POSTMASTER || ground.locals.has(key);
  const named = ground?.aliases.has(key) === true;
  // An alias that names itself means the mailbox of that name.
  if (named && path.at(-1) !== `${key}@${domain}`) return follow(key, domain, path, ends, grounds);
  if (!exists && !named && ground.aliases.has(CATCH_ALL))
    return follow(CATCH_ALL, domain, path, ends, grounds);
  if (!exists) return `leads to ${mailbox.text}, which does not exist`;
  ends.set(mailbox.text, mailbox);
  return ends.size > MOST_TARGETS ? `leads to more than ${MOST_TARGETS} mailboxes` : undefined;
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
