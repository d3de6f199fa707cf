/** The addresses of a host that is asked over HTTPS, by the word of the resolvers. */
import type { Alias } from '../dns/answer.ts';
import { showName } from '../dns/name.ts';
import type { IpAddress } from '../names/address.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import type { Dns } from '../net/dns.ts';
import type { HostAddresses, LeftAlone } from '../net/https.ts';

export async function httpsAddresses(dns: Dns, host: Domain): Promise<HostAddresses> {
  return addressesOf(host, await dns.addresses(host));
}

function addressesOf(host: Domain, answer: Awaited<ReturnType<Dns['addresses']>>): HostAddresses {
  if (answer.kind === 'found') return { kind: 'found', addresses: answer.value };
  return {
    kind: 'failed',
    because: answer.kind === 'absent' ? `${host} has no address` : answer.because,
  };
}

/** Why a host is not to be asked, by the names that it is an alias of and by its addresses; undefined where it may be. */
export type Refusal = (names: readonly Domain[], addresses: readonly IpAddress[]) => string | undefined;

/** The same, unless somebody whom it leads to is to be left alone. */
export async function unlessRefused(
  dns: Dns,
  host: Domain,
  refusal: Refusal,
): Promise<HostAddresses | LeftAlone> {
  const answer = await dns.addresses(host);
  if (answer.kind !== 'found') return addressesOf(host, answer);
  const names = namesIn(answer.aliases);
  const because = refusal(names, answer.value);
  return because === undefined ? addressesOf(host, answer) : { kind: 'left-alone', because };
}

/** Where aliases lead, each step of the way; what no host is called is left out. */
export function namesIn(aliases: readonly Alias[]): readonly Domain[] {
  return aliases.flatMap(({ to }) => {
    const name = parseDomain(showName(to));
    return name.kind === 'ok' ? [name.value] : [];
  });
}
