/** Runs one behaviour at one level and says in a few words what came of it. */
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import { type Authority, type Certificate, createAuthority } from '../../support/certificates.ts';
import type { Conversation } from '../../support/hostile-server.ts';
import { type CertificateKind, PEER } from './behaviours.ts';

const aDay = 24 * 60 * 60 * 1000;

/** Every kind of certificate for {@link PEER}. */
export async function peerCertificates(authority: Authority): Promise<Record<CertificateKind, Certificate>> {
  const names = [PEER];
  const stranger = await createAuthority('Stranger');
  const at = (days: number): Date => new Date(Date.now() + days * aDay);
  return {
    good: await authority.issue({ names }),
    'wrong-name': await authority.issue({ names: ['other.test'] }),
    expired: await authority.issue({ names, notBefore: at(-20), notAfter: at(-10) }),
    'not-yet-valid': await authority.issue({ names, notBefore: at(10) }),
    'self-signed': await authority.issue({ names, selfSigned: true }),
    'common-name-only': await authority.issue({ names: [], cn: PEER }),
    'unknown-authority': await stranger.issue({ names }),
  };
}

/** What the events of one recipient say, in the words of the table of behaviours. */
export function inWords(events: readonly DeliveryEvent[], connections: readonly Conversation[]): string {
  const names = events.map(({ event }) => event).join(' ');
  const tls = events.at(-1)?.tls;
  if (names === 'delivered') {
    if (tls?.outcome !== 'cleartext') return String(tls?.outcome);
    return connections.length > 1 ? 'clear again' : 'clear';
  }
  return names === 'blocked held' ? `blocked: ${tls?.because}` : names;
}

/** Commands and content that must not be seen in clear where TLS is required. */
export function leaks(octets: string): readonly string[] {
  return ['MAIL', 'RCPT', 'AUTH', 'DATA', 'origin.test', 'Subject', 'secret'].filter((word) =>
    octets.toUpperCase().includes(word.toUpperCase()),
  );
}
