/** Commands that show that a repair is done, with the options that this check was called with, for a shell. */
import type { LoadRequest } from '../config/load.ts';

/** Options that decide what a look-up or a visit comes to. */
export interface CalledWith {
  /** Of every command that asks the DNS: words, each option before its value. */
  readonly dns: readonly string[];
  /** Of those that look at policies or visit, too. */
  readonly visit: readonly string[];
  /** Of `waxwing check` alone. */
  readonly check: readonly string[];
  /** The first resolver. */
  readonly resolver: string | undefined;
}

export const withoutOptions: CalledWith = { dns: [], visit: [], check: [], resolver: undefined };

/** Flags by their names in the configuration, and which commands know them. */
const dnsFlags = [
  ['resolver', '--resolver'],
  ['dnssec', '--dnssec'],
  ['trustAnchor', '--trust-anchor'],
  ['ca', '--ca'],
] as const;
const visitFlags = [
  ['data', '--data'],
  ['smtpPort', '--smtp-port'],
  ['httpsPort', '--https-port'],
  ['httpsAddress', '--https-address'],
] as const;

/** @param check words of options that are no configuration. */
export function calledWith(
  { file, flags }: Pick<LoadRequest, 'file' | 'flags'>,
  check: readonly string[],
): CalledWith {
  const words = (known: typeof dnsFlags | typeof visitFlags): readonly string[] =>
    known.flatMap(([name, option]) => [flags[name] ?? []].flat().flatMap((value) => [option, value]));
  const config = file === undefined ? [] : ['--config', file];
  return {
    dns: [...config, ...words(dnsFlags)],
    visit: words(visitFlags),
    check,
    resolver: flags.resolver?.[0],
  };
}

/** All that a `waxwing check` has beside its targets, as one piece of a line; '' where that is nothing. */
export function checkOptions({ dns, visit, check }: CalledWith): string {
  return [...dns, ...visit, ...check].map(quoted).join(' ');
}

/** The command as it comes to the same as here; what other programs cannot be told is left as it is. */
export function again(command: string, { dns, visit, check, resolver }: CalledWith): string {
  const [program = '', verb = ''] = command.split(' ');
  if (program === 'waxwing') {
    const words = [...dns, ...(verb === 'resolve' ? [] : visit), ...(verb === 'check' ? check : [])];
    return [command, ...words.map(quoted)].join(' ');
  }
  const server = resolver === undefined ? undefined : serverOf(resolver);
  if (program !== 'dig' || server === undefined) return command;
  return `dig ${server}${command.slice('dig'.length)}`;
}

/** How dig is told of a resolver that is asked without TLS. */
function serverOf(resolver: string): string | undefined {
  const plain = /^(?:\[(?<six>[0-9a-f:.]+)\]|(?<four>[0-9.]+))(?::(?<port>[0-9]+))?$/i.exec(resolver)?.groups;
  if (plain === undefined) return /^[0-9a-f:.]+$/i.test(resolver) ? `@${resolver}` : undefined;
  const { six, four, port } = plain;
  return `@${six ?? four}${port === undefined ? '' : ` -p ${port}`}`;
}

/** As one word of a shell. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
