/** The rules of a session: what a listener's role and the client's address make of it. */
import { formatMailDomain, type MailDomain } from '../names/mailbox.ts';
import type { SessionRules } from '../protocols/smtp/server/session.ts';
import type { Accounts } from './accounts.ts';
import type { LocalDomains } from './domains.ts';
import type { ListenerSettings, RelaySettings } from './settings.ts';

export interface Client {
  readonly address: string;
  /** In a network that may relay without a login. */
  readonly trusted: boolean;
  /** It came through a front, or is one: it may say for whom it speaks (XCLIENT). */
  readonly front: boolean;
  /** It came through a front: TLS here is between the front and us, and of the client's own nothing is known. */
  readonly introduced: boolean;
  /** The address is the client's: not so where a front or a proxy named none. */
  readonly known: boolean;
}

export interface House {
  readonly hostname: MailDomain;
  readonly accounts: Accounts;
  readonly domains: LocalDomains;
  readonly settings: Pick<
    RelaySettings,
    | 'bounces'
    | 'demands'
    | 'networkQuotas'
    | 'maxMessageBytes'
    | 'maxRecipients'
    | 'maxMessagesPerSession'
    | 'maxErrorsPerSession'
  >;
}

export function rulesFor(listener: ListenerSettings, client: Client, house: House): SessionRules {
  const { settings, hostname, domains } = house;
  const { postmasterAt } = domains;
  // A trusted client's mail to anywhere needs nobody's leave; what is for our own domains is looked up for everybody.
  const everything = !client.trusted;
  const counted = settings.networkQuotas.length > 0;
  return {
    role: listener.role,
    hostname: formatMailDomain(hostname),
    postmasterDomain: postmasterAt ?? hostname,
    startTls: listener.tls === 'starttls' ? 'offered' : 'absent',
    tls: listener.requireTls ? 'required' : 'optional',
    requireTls: settings.demands.requireTls === 'off' || client.introduced ? 'absent' : 'offered',
    // Nobody logs in at port 25: all that there is to find there are guessed passwords.
    mechanisms: mechanismsOf(listener, house.accounts),
    xclient: client.front,
    ...(listener.xverp === true ? { verp: settings.bounces } : {}),
    relaying: relayingFor(listener, client, house.accounts),
    asks: {
      sender: everything || counted,
      recipient: everything || counted || postmasterAt !== undefined,
    },
    maxMessageBytes: settings.maxMessageBytes,
    maxRecipients: settings.maxRecipients,
    maxMessages: settings.maxMessagesPerSession,
    maxErrors: settings.maxErrorsPerSession,
  };
}

function mechanismsOf(
  { role, clientCertificates }: ListenerSettings,
  { mechanisms }: Accounts,
): SessionRules['mechanisms'] {
  if (role !== 'submission') return [];
  return clientCertificates === 'ask'
    ? mechanisms
    : mechanisms.filter((mechanism) => mechanism !== 'EXTERNAL');
}

function relayingFor(
  listener: ListenerSettings,
  client: Client,
  accounts: Accounts,
): SessionRules['relaying'] {
  // Role mx takes mail from anyone; whom it may be for is decided recipient by recipient.
  if (listener.role === 'mx' || client.trusted) return { kind: 'anyone' };
  const logsInAtFront = client.front && listener.frontLogins;
  if (logsInAtFront || mechanismsOf(listener, accounts).length > 0) return { kind: 'accounts' };
  return { kind: 'denied', because: `relaying is not allowed for ${client.address}` };
}
