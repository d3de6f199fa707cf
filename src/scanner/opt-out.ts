/** Who asked not to be tested: a list that its operator keeps, a line for each. */
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { IpAddress } from '../names/address.ts';
import { type Domain, type Parsed, parseDomain, quote } from '../names/domain.ts';
import { serverOf } from './operator.ts';

/** Whether a target, one of its hosts or an address is on the list. */
export interface OptOut {
  /** The line by which a name is left alone; undefined where it is not. */
  readonly ofName: (name: Domain) => string | undefined;
  readonly ofAddress: (address: IpAddress) => string | undefined;
}

export const nobodyOptedOut: OptOut = { ofName: () => undefined, ofAddress: () => undefined };

/** Why something is left alone, as a sentence without its full stop. */
export function optedOutBy(line: string): string {
  return `the list of those who asked not to be tested has ${line}`;
}

/** More than any such list has; a larger file is somebody's mistake. */
const MOST_LINES = 1_000_000;
const LONGEST_LINE = 500;

/**
 * Reads a list: `example.net` (the domain and all below it), `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`, or `/pattern/`
 * for names by regular expression; `#` begins a comment.
 */
export function readOptOut(text: string): Parsed<OptOut> {
  const lines = text.split(/\r?\n/);
  if (lines.length > MOST_LINES) return invalid(`it has ${lines.length} lines, the limit is ${MOST_LINES}`);
  const domains = new Map<string, string>();
  const patterns: { readonly pattern: RegExp; readonly line: string }[] = [];
  const addresses = new BlockList();
  for (const [index, whole] of lines.entries()) {
    const line = whole.replace(/#.*$/, '').trim();
    if (line === '') continue;
    const wrong = takeLine(line, { domains, patterns, addresses });
    if (wrong !== undefined) return invalid(`line ${index + 1}: ${wrong}`);
  }
  return {
    kind: 'ok',
    value: {
      ofName: (name) =>
        suffixesOf(name).find((suffix) => domains.has(suffix)) ??
        patterns.find(({ pattern }) => pattern.test(name))?.line,
      // In whatever spelling: somebody's IPv4 address is reached by IPv6, too, where a network translates.
      ofAddress: (address) => {
        const server = serverOf(address);
        return addresses.check(server, isIPv4(server) ? 'ipv4' : 'ipv6') ? server : undefined;
      },
    },
  };
}

interface Lists {
  readonly domains: Map<string, string>;
  readonly patterns: { pattern: RegExp; line: string }[];
  readonly addresses: BlockList;
}

/** @returns what is wrong with the line; undefined where it was taken. */
function takeLine(line: string, { domains, patterns, addresses }: Lists): string | undefined {
  if (line.length > LONGEST_LINE) return `it is longer than ${LONGEST_LINE} characters`;
  const expression = /^\/(.+)\/$/.exec(line)?.[1];
  if (expression !== undefined) return takePattern(line, expression, patterns);
  const [base = '', length, ...more] = line.split('/');
  if (isIP(base) !== 0) {
    const most = isIPv4(base) ? 32 : 128;
    const prefix = length === undefined ? most : Number(length);
    const isNumber = length === undefined || /^[0-9]{1,3}$/.test(length);
    if (more.length > 0 || !isNumber || prefix > most) return `${quote(line)} is no network of addresses`;
    const inside = serverOf(base);
    // IPv4 that is written inside IPv6 is compared as IPv4; of a network that is wider than all of it, as it stands.
    if (isIPv4(inside) && prefix >= most - 32) addresses.addSubnet(inside, prefix - (most - 32), 'ipv4');
    else addresses.addSubnet(base, prefix, isIPv4(base) ? 'ipv4' : 'ipv6');
    return undefined;
  }
  const domain = parseDomain(line.startsWith('.') ? line.slice(1) : line);
  if (domain.kind === 'invalid') return domain.because;
  domains.set(domain.value, line);
  return undefined;
}

function takePattern(line: string, expression: string, patterns: Lists['patterns']): string | undefined {
  try {
    patterns.push({ pattern: new RegExp(expression, 'i'), line });
    return undefined;
  } catch {
    return `${quote(line)} is no regular expression`;
  }
}

/** The name and every domain that it is in. */
function suffixesOf(name: Domain): readonly string[] {
  const labels = name.split('.');
  return labels.map((_, index) => labels.slice(index).join('.'));
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
