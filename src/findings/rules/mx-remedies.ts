/** What helps where a mail host has no address: it gets one, after all that senders then look at, or its MX record goes. */
import type { Domain } from '../../names/domain.ts';
import { isWithin } from '../../names/domain.ts';
import { matchingPattern } from '../../policies/mta-sts/match.ts';
import { zoneLine } from '../ask.ts';
import type { CheckCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import { verifyStsCommand } from '../mtasts/publish.ts';

/** A mail host that has no address. */
export interface Unreachable {
  readonly domain: Domain;
  readonly host: Domain;
  /** Of its MX record. */
  readonly preference: number;
  /** Whether the domain has no other. */
  readonly isOnly: boolean;
}

/** Both ways out, the address first. */
export function addressRemedies(theCase: CheckCase, dead: Unreachable): readonly Remedy[] {
  return [...preparations(theCase, dead), publication(theCase, dead), removal(dead)];
}

/** Takes the MX record out. */
export function removal({ domain, host, preference, isOnly }: Unreachable): Remedy {
  const instead = isOnly ? ', and put one in its place that names a host of yours' : '';
  return {
    who: 'dns-owner',
    do: `If ${host} is not to take mail, take this MX record out of ${domain}${instead}; it is done when the answer does not name ${host} any more.`,
    lines: [zoneLine(`${domain}. IN MX ${preference} ${host}.`)],
    verify: `dig +short ${domain} MX`,
  };
}

/** The policy of the domain where senders go by it. */
function policyOf({ facts }: CheckCase): 'enforce' | 'testing' | undefined {
  if (facts?.sts.kind !== 'policy') return undefined;
  const { mode } = facts.sts.known.policy;
  return mode === 'none' ? undefined : mode;
}

/** With the address senders begin to hold the host to the policy: what they ask for has to be there before. */
function preparations(theCase: CheckCase, { domain, host }: Unreachable): readonly Remedy[] {
  const { facts } = theCase;
  const mode = policyOf(theCase);
  if (mode === undefined || facts?.sts.kind !== 'policy') return [];
  const effect =
    mode === 'enforce'
      ? 'or senders that look at MTA-STS refuse to deliver to it as soon as it has an address'
      : 'or senders report failures as soon as it has an address, and refuse to deliver under enforce';
  const certificate: Remedy = {
    who: 'mail-provider',
    do: `If ${host} is to take mail, first give its server a certificate of a public authority that names ${host}, ${effect}.`,
    verify: 'openssl x509 -in fullchain.pem -noout -issuer -ext subjectAltName',
  };
  if (matchingPattern(facts.sts.known.policy, host) !== undefined) return [certificate];
  const listing: Remedy = {
    who: 'web-host',
    do: `If ${host} is to take mail, first add it to the MTA-STS policy of ${domain} (${mode}), which does not list it, and give the record at _mta-sts.${domain} a new id, ${effect}.`,
    lines: [{ for: 'policy-file', text: `mx: ${host}` }],
    verify: verifyStsCommand(domain),
  };
  const { do: _, ...others } = certificate;
  const order = `Then give its server a certificate of a public authority that names ${host}: under the policy that is looked at as well.`;
  return [listing, { ...others, do: order }];
}

/** How the host gets an address; the zone of somebody else is not to be edited here. */
function publication(theCase: CheckCase, { domain, host }: Unreachable): Remedy {
  const verify = `dig +short ${host} A ${host} AAAA`;
  const start =
    policyOf(theCase) === undefined ? `If ${host} is to take mail, publish` : 'Then, not before, publish';
  const isOwn = isWithin(host, domain);
  return {
    who: isOwn ? 'dns-owner' : 'mail-provider',
    do: `${start} the addresses of ${host}; it is done when they are in the answer.`,
    ...(isOwn
      ? {
          lines: [
            zoneLine(`${host}. IN A <IPv4 address of the host>`),
            zoneLine(`${host}. IN AAAA <IPv6 address, if it has one>`),
          ],
        }
      : {}),
    verify,
  };
}
