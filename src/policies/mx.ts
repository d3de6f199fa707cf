/** What the DNS says of the mail hosts of a domain: RFC 5321 §5.1, RFC 7505. */
import type { Answer, DnssecStatus } from '../dns/answer.ts';
import { type Name, showName } from '../dns/name.ts';
import { readMx } from '../dns/records.ts';
import { type Domain, parseDomain } from '../names/domain.ts';

/** A mail host as an MX record names it. */
interface MxHost {
  readonly host: Domain;
  /** The lower the better. */
  readonly preference: number;
}

export type MxFacts =
  | {
      readonly kind: 'hosts';
      /** At least one, in order of preference. */
      readonly hosts: readonly MxHost[];
      readonly status: DnssecStatus;
      /** The name at the end of the aliases, where the domain is one. */
      readonly owner: Domain;
      readonly because: string;
    }
  /** There are no MX records: the domain itself is the host. */
  | { readonly kind: 'implicit'; readonly status: DnssecStatus; readonly because: string }
  /** It takes no mail, and says so. */
  | { readonly kind: 'null'; readonly because: string }
  | { readonly kind: 'no-such-domain'; readonly because: string }
  /** Not an answer that mail could be sent by: it waits. */
  | { readonly kind: 'unknown'; readonly because: string };

/** Reads the answer to the question for the MX records of a domain. */
export function readMxAnswer(domain: Domain, answer: Answer): MxFacts {
  if (answer.kind === 'unknown')
    return { kind: 'unknown', because: `the MX records of ${domain} cannot be learnt: ${answer.because}` };
  const { status } = answer;
  if (answer.kind === 'absent') {
    return answer.what === 'no-such-name'
      ? { kind: 'no-such-domain', because: `the domain ${domain} does not exist (${status})` }
      : { kind: 'implicit', status, because: `${domain} has no MX records (${status})` };
  }
  const records = answer.records.map(readMx);
  const hosts = records.flatMap((record) => {
    const host = record === undefined ? undefined : hostOf(record.exchange);
    return record === undefined || host === undefined ? [] : [{ host, preference: record.preference }];
  });
  if (hosts.length > 0) {
    // A null MX beside others is ignored: RFC 7505 §3 forbids it, and the domain does take mail.
    return {
      kind: 'hosts',
      hosts: hosts.toSorted((a, b) => a.preference - b.preference),
      status,
      owner: hostOf(answer.owner) ?? domain,
      because: `the MX records of ${domain} are ${status}`,
    };
  }
  if (records.every((record) => record !== undefined && showName(record.exchange) === '.'))
    return { kind: 'null', because: `the domain ${domain} accepts no mail (null MX)` };
  // There are MX records, so the address of the domain itself is not an implicit MX (RFC 5321 §5.1).
  return { kind: 'unknown', because: `no MX record of ${domain} names a host` };
}

/** @returns undefined for what is no name of a host: an address is a common mistake (RFC 5321 §5.1). */
function hostOf(name: Name): Domain | undefined {
  const host = parseDomain(showName(name));
  return host.kind === 'ok' ? host.value : undefined;
}
