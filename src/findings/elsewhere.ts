/**
 * Checks at doors where no mail servers come: what a fault means to clients, and what says so of their protocol.
 *
 * The catalogue's own words are about mail between servers, which policies protect; nothing of that holds for a database.
 */
import { type CheckId, entryOf } from './catalogue.ts';
import type { Remedy } from './check.ts';
import type { CheckProtocol } from './endpoint.ts';
import type { FindingDetails } from './finding.ts';

type Texts = Partial<Readonly<Record<CheckId, string>>>;

const old = (version: string): string =>
  `The server still speaks TLS ${version}, which has been forbidden since 2021 and breaks rules of many auditors. Only very old clients lack TLS 1.2.`;

/** In place of `why`. */
const whys: Texts = {
  'conn.refused': 'Nothing takes connections at this address, so that no client gets in there.',
  'conn.timeout':
    'Nothing answers at this address, though other servers were reached at the same port. Clients wait half a minute or more, and give up.',
  'conn.reset':
    'Connections to this address are broken off as soon as they begin, by the server or by a firewall before it. No client gets in there.',
  'conn.unreachable': 'The network answers that there is no way to this address. No client gets there.',
  'conn.ipv6-unreachable':
    'The host is reached by IPv4 and not at the IPv6 address that it publishes. Clients that try IPv6 first lose time, and those without IPv4 cannot connect.',
  'conn.slow': 'Connections take long to come about. That costs every client time and harms nothing else.',
  'conn.protocol':
    'What answers there does not speak the protocol, or breaks its rules so that nothing more could be asked. Clients that keep to the rules give up as well.',
  'starttls.stripped':
    'Words of the server are overwritten on the way, and the offer of TLS is not among those that are left. That is what firewalls do that inspect what is said: clients get no TLS, although the server may well have it.',
  'starttls.inconsistent-time':
    'TLS was offered at one connection and not at the next to the same address, within minutes. Several servers behind one address differ, or somebody on the path takes the offer away now and then.',
  'starttls.inconsistent-ip':
    'TLS is offered at some addresses of the host and not at others. Whether a client gets TLS is left to chance, and whoever is on the path can lead it to the address without.',
  'starttls.inconsistent-family':
    'TLS is offered by one family of addresses and not by the other. Whether a client gets TLS depends on which of them it takes.',
  'starttls.refused-454':
    'The server offers TLS and then says that it cannot be had now. Clients that require TLS wait in vain, others go on in clear.',
  'starttls.refused':
    'The server offers TLS and then refuses it. Clients that require TLS give up, others go on in clear.',
  'starttls.bad-reply':
    'The request for TLS is answered with something that is neither yes nor no. Exact clients give up, others go on in clear.',
  'starttls.handshake-failed':
    'TLS is agreed on and then does not come about. Clients that require TLS cannot use the server, others may try again in clear.',
  'starttls.plaintext-after-220':
    'In clear text something follows the go-ahead for TLS. Careful clients break off, others may take it for an answer from inside TLS, which is how somebody on the path puts words into the mouth of the server.',
  'starttls.client-cert-required':
    'The server demands a certificate of whoever connects. Clients without one get no TLS.',
  'starttls.slow': 'The handshake takes long. Impatient clients break off.',
  'starttls.ehlo-after-fails':
    'TLS comes up, and then the server does not answer as it has to. Clients give the connection up.',
  'starttls.injection':
    'Commands that are sent in clear right behind STARTTLS are carried out inside TLS. Whoever is on the path puts commands of his own before those of a client whose connection is verified, and can so have what it sends, its password included, delivered to himself.',
  'starttls.state-kept':
    'What was said in clear still counts inside TLS. Whoever is on the path can begin a session in his own way, and the client goes on with it.',
  'starttls.sni-required':
    'TLS comes about only for clients that name the server in the handshake (SNI). Old clients do not, nor do those that were given an address.',
  'starttls.sni-cert-differs':
    'Clients that name no server in the handshake get another certificate. Those that verify name it as a rule, so that little fails by it.',
  'starttls.large-hello-intolerance':
    'A hello that is larger than one segment, as clients with post-quantum keys send it, gets no handshake, and a smaller one does. More and more clients begin with such a hello, and do not connect.',
  'tls.tls10': old('1.0'),
  'tls.tls11': old('1.1'),
  'tls.no-tls12':
    'The server has no version of TLS that is still allowed. Current clients refuse older ones, and do not connect.',
  'tls.suite.rsa-kx':
    'The server takes a suite without forward secrecy, although better ones are on offer. Whoever records what is said today and gets hold of the key of the server some day reads all of it.',
  'tls.suite.no-fs':
    'The server has no suite with keys of its own for each session. Whoever records what is said today and gets hold of the key of the server some day reads all of it.',
  'tls.suite.cbc':
    'The server takes a suite in CBC mode, although better ones are on offer. Attacks on it are hard to carry out; the suites are on their way out.',
  'tls.group.pq':
    'The key exchange is one that a large quantum computer could undo: whoever records what is said today may read it then. Few servers are further yet.',
  'cert.chain.root-sent':
    'The root certificate is presented, too. Who trusts it has it; it only makes the handshake longer.',
  'cert.lifetime':
    'The certificate was made for longer than any public authority may. That is fine for a private one; some clients refuse it.',
  'cert.key.rsa-short':
    'The RSA key is too short. Current TLS libraries refuse it in the handshake, so that clients do not connect; and it can be broken with enough money.',
  'cert.is-ca':
    'The certificate is one of an authority. Whoever gets hold of the key of the server can issue certificates with it, and some clients refuse such a one.',
  'cert.differs-by-alg':
    'The server has two certificates, for clients of either kind of key, and they are not worth the same. Which of them a client gets depends on its TLS library.',
};

const sameEverywhere =
  'Give every server behind the name the same configuration. Where they have it already, somebody between this network and the server takes the offer away: check from another network, and set clients to require TLS.';
const ofOwn =
  'Have a certificate issued by a public authority, for nothing by ACME, or by one of your own that all clients know.';
const strongOnly =
  'The lines leave no others: see in the log of the server first that no client depends on these.';

/** In place of the order of the first remedy. */
const orders: Texts = {
  'starttls.stripped': 'Switch off the inspection of this protocol in the firewall before the server.',
  'starttls.inconsistent-ip': sameEverywhere,
  'starttls.inconsistent-family': sameEverywhere,
  'starttls.inconsistent-time': sameEverywhere,
  'tls.suite.rsa-kx': `Take suites with the key exchange RSA out, and leave the choice to suites with ECDHE. ${strongOnly}`,
  'tls.suite.cbc': `Prefer suites with GCM or ChaCha20-Poly1305. ${strongOnly}`,
  'cert.self-signed': ofOwn,
  'cert.untrusted': ofOwn,
  'cert.chain.root-sent': 'Leave the last certificate out.',
  'cert.name-mismatch':
    'Have a certificate issued that names mx.example.com in its subjectAltName, the name by which clients call the server.',
};

export interface Words {
  /** Of a finding; nothing where the catalogue's own words fit. */
  readonly said: Pick<FindingDetails, 'why' | 'reference'>;
  /** Remedies of the catalogue in words that fit. */
  readonly order: (fix: readonly Remedy[]) => readonly Remedy[];
}

const catalogues: Words = { said: {}, order: (fix) => fix };

/** The words for a door where this protocol is spoken. */
export function wordsAt(id: CheckId, protocol: CheckProtocol): Words {
  if (protocol === 'smtp') return catalogues;
  const why = whys[id];
  const reference = referenceElsewhere(entryOf(id).reference, protocol);
  return {
    said: { ...(why === undefined ? {} : { why }), reference },
    order: (fix) => fixElsewhere(id, fix),
  };
}

function fixElsewhere(id: CheckId, fix: readonly Remedy[]): readonly Remedy[] {
  const order = orders[id];
  const [first, ...others] = fix;
  if (order === undefined || first === undefined) return fix;
  const paths = first.do.endsWith(PATHS) ? PATHS : '';
  return [{ ...first, do: `${order}${paths}` }, ...others];
}

const PATHS = ' The paths of files below are examples.';

/** What says how TLS begins in a protocol. */
const upgrades: Readonly<Record<CheckProtocol, string>> = {
  smtp: 'RFC 3207 §4',
  submission: 'RFC 3207 §4',
  lmtp: 'RFC 3207 §4',
  imap: 'RFC 9051 §6.2.1',
  pop3: 'RFC 2595 §4',
  sieve: 'RFC 5804 §2.2',
  ldap: 'RFC 4511 §4.14',
  nntp: 'RFC 4642 §2.2',
  ftp: 'RFC 4217 §4',
  xmpp: 'RFC 6120 §5',
  'xmpp-server': 'RFC 6120 §5',
  postgres: 'PostgreSQL frontend/backend protocol, SSL session encryption',
  mysql: 'MySQL client/server protocol, connection phase',
};

/** Of mail between servers. */
const OF_MAIL = /^RFC (?:3207|5321|7672|8460|8461) /;

/** The reference without what is about mail between servers; where nothing is left, what says how TLS begins there. */
function referenceElsewhere(reference: string, protocol: CheckProtocol): string {
  const parts = reference
    .split(/, (?!§)/)
    .filter((part) => !OF_MAIL.test(part) && !part.startsWith('RFC 9051'));
  return parts.length === 0 ? upgrades[protocol] : parts.join(', ');
}
