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

/** A keyword that a middlebox wrote over STARTTLS, as evidence; undefined where there is none. */
export function maskedStartTls(offers: Offers): string | undefined {
  for (const keyword of offers.keys()) if (/^X{4,}[A-Z]?$/.test(keyword)) return keyword;
  return undefined;
}
