/** What a server offers in its answer to EHLO. RFC 5321 §4.1.1.1. */
import type { Reply } from './reply.ts';

/** Keyword in upper case to its parameters; a server's first line (its name) is not among them. */
export type Offers = ReadonlyMap<string, readonly string[]>;

export const noOffers: Offers = new Map();

// A masked keyword (XXXXXXXA, from a middlebox that strips STARTTLS) is a valid keyword too, and is kept as seen.
const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

/** Reads the keywords; a line that is not one is left out, as RFC 5321 §4.1.1.1 has us ignore what we do not know. */
export function offersOf(reply: Reply): Offers {
  const offers = new Map<string, readonly string[]>();
  for (const line of reply.lines.slice(1)) {
    const [keyword = '', ...parameters] = line.split(' ').filter((word) => word !== '');
    if (!KEYWORD.test(keyword) || offers.has(keyword.toUpperCase())) continue;
    offers.set(keyword.toUpperCase(), parameters);
  }
  return offers;
}

/** The greatest message the server takes, in octets; undefined where it fixes none (RFC 1870 §4). */
export function sizeLimit(offers: Offers): number | undefined {
  const parameter = offers.get('SIZE')?.[0];
  if (parameter === undefined || !/^[0-9]{1,20}$/.test(parameter)) return undefined;
  const limit = Number(parameter);
  return limit === 0 ? undefined : limit;
}

/** What a server takes at most; undefined where it does not say (RFC 9422 §3). */
export interface ServerLimits {
  /** Messages on one connection. */
  readonly mailMax: number | undefined;
  /** Recipients of one message. */
  readonly rcptMax: number | undefined;
  /** Domains among the recipients of one message. */
  readonly rcptDomainMax: number | undefined;
}

/** Reads LIMITS; what is not a number of one to six digits is left out, as is what we do not know. */
export function limitsOf(offers: Offers): ServerLimits {
  const words = offers.get('LIMITS') ?? [];
  const limit = (name: string): number | undefined => {
    const found = words.find((word) => word.toUpperCase().startsWith(`${name}=`))?.slice(name.length + 1);
    return found !== undefined && /^[1-9][0-9]{0,5}$/.test(found) ? Number(found) : undefined;
  };
  return { mailMax: limit('MAILMAX'), rcptMax: limit('RCPTMAX'), rcptDomainMax: limit('RCPTDOMAINMAX') };
}

/** A keyword that a middlebox wrote over STARTTLS, as evidence; undefined where there is none. */
export function maskedStartTls(offers: Offers): string | undefined {
  for (const keyword of offers.keys()) if (/^X{4,}[A-Z]?$/.test(keyword)) return keyword;
  return undefined;
}
