/** The addresses of a host that is asked over HTTPS, by the word of the resolvers. */
import type { Domain } from '../names/domain.ts';
import type { Dns } from '../net/dns.ts';
import type { HostAddresses } from '../net/https.ts';

export async function httpsAddresses(dns: Dns, host: Domain): Promise<HostAddresses> {
  const answer = await dns.addresses(host);
  if (answer.kind === 'found') return { kind: 'found', addresses: answer.value };
  return {
    kind: 'failed',
    because: answer.kind === 'absent' ? `${host} has no address` : answer.because,
  };
}
