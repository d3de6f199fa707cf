/** Checks of this section, by id. */
import type { Catalogue, Remedy } from '../check.ts';
import { noClientCertificate, offerTls, program } from './remedies.ts';

const newer = (what: string): Remedy =>
  program(
    `${what} Install the current version of the server, and of whatever stands before it and ends TLS there.`,
  );

const sameEverywhere: Remedy = program(
  'Give every server behind the name the same configuration. Where only one of them is yours, or the servers are the same already, somebody between this network and the server takes the offer away: check from another network, and publish DANE or MTA-STS, with which senders notice.',
  offerTls,
);

const onTheWay: Remedy = {
  who: 'mail-provider',
  do: 'Switch off the inspection of SMTP in the firewall before the server (Cisco ASA: "no inspect esmtp" in the policy map, or "allow-tls" in a policy map of type esmtp).',
};

export const starttlsChecks = {
  'starttls.not-offered': {
    title: 'offer of TLS (STARTTLS)',
    severity: 'critical',
    why: 'The server does not offer STARTTLS, so that all mail comes in clear and anybody on the path can read and change it. Senders whose policy requires TLS, by DANE, MTA-STS or REQUIRETLS, do not deliver.',
    fix: [program('Give the server a certificate and let it offer TLS.', offerTls)],
    reference: 'RFC 3207 §4, RFC 8460 §4.3.1',
  },
  'starttls.stripped': {
    title: 'offer of TLS behind firewalls that overwrite it',
    severity: 'high',
    why: 'Words of the server are overwritten on the way, and STARTTLS is not among those that are left. That is what firewalls do that inspect SMTP: mail comes in clear, although the server may well have TLS.',
    fix: [onTheWay],
    reference: 'RFC 3207 §6',
  },
  'starttls.inconsistent-ip': {
    title: 'offer of TLS at each address',
    severity: 'high',
    why: 'TLS is offered at some addresses of the host and not at others. Whether a message comes by TLS is left to chance, and whoever is on the path can lead senders to the address without.',
    fix: [sameEverywhere],
    reference: 'RFC 7672 §2.2',
  },
  'starttls.inconsistent-family': {
    title: 'offer of TLS by IPv4 and IPv6',
    severity: 'high',
    why: 'TLS is offered by one family of addresses and not by the other. Whether a message comes by TLS depends on which of them the sender takes.',
    fix: [sameEverywhere],
    reference: 'RFC 7672 §2.2',
  },
  'starttls.inconsistent-time': {
    title: 'offer of TLS from one connection to the next',
    severity: 'high',
    why: 'TLS was offered at one connection and not at the next to the same address, within minutes. Several servers behind one address differ, or somebody on the path takes the offer away now and then.',
    fix: [sameEverywhere],
    reference: 'RFC 3207 §6',
  },
  'starttls.inconsistent-ehlo': {
    title: 'offer of TLS to different names in EHLO',
    severity: 'medium',
    why: 'Whether TLS is offered depends on the name by which the sender introduces itself. Some senders get no TLS.',
    fix: [
      program('Offer TLS to everybody.', [
        { for: 'postfix', text: 'smtpd_discard_ehlo_keyword_address_maps =' },
        { for: 'exim', text: 'tls_advertise_hosts = *' },
        { for: 'sendmail', text: 'Srv_Features: s' },
      ]),
    ],
    reference: 'RFC 3207 §4',
  },
  'starttls.refused-454': {
    title: 'availability of TLS after STARTTLS',
    severity: 'critical',
    why: 'The server offers TLS and then says that it cannot be had now. Most senders go on in clear, those that require TLS wait in vain.',
    fix: [
      program(
        'Look into the log of the server at the time of the check: the certificate or the key cannot be read, or a limit of sessions is reached. See that these files are there and belong together.',
        offerTls,
      ),
    ],
    reference: 'RFC 3207 §4',
  },
  'starttls.refused': {
    title: 'answer to STARTTLS',
    severity: 'critical',
    why: 'The server offers TLS and then refuses it. Most senders go on in clear, those that require TLS do not deliver.',
    fix: [
      program(
        'Look into the log of the server at the time of the check, and at its certificate and key.',
        offerTls,
      ),
    ],
    reference: 'RFC 3207 §4',
  },
  'starttls.bad-reply': {
    title: 'meaning of the answer to STARTTLS',
    severity: 'high',
    why: 'STARTTLS is answered with something that is neither yes nor no. Exact senders give up, others go on in clear.',
    fix: [newer('A proxy or a firewall may answer in place of the server.')],
    reference: 'RFC 3207 §4',
  },
  'starttls.handshake-failed': {
    title: 'TLS handshake',
    severity: 'critical',
    why: 'TLS is agreed on and then does not come about. Senders lose the message for this time: some try again in clear, those that require TLS do not deliver.',
    fix: [
      program(
        'Look into the log of the server at the time of the check. Often the certificate file is missing or holds the wrong key, no version or suite is in common, or what answers is not TLS.',
        offerTls,
      ),
    ],
    reference: 'RFC 8446 §4.1.1, RFC 3207 §4',
  },
  'starttls.plaintext-after-220': {
    title: 'plain text between the go-ahead and TLS',
    severity: 'high',
    why: 'In clear text something follows the go-ahead for TLS. Careful senders break off, others may take it for an answer from inside TLS, which is how somebody on the path puts words into the mouth of the server.',
    fix: [newer('A server must say nothing after the go-ahead until the handshake.')],
    reference: 'RFC 3207 §4.2',
  },
  'starttls.client-cert-required': {
    title: 'TLS for clients without a certificate',
    severity: 'critical',
    why: 'The server demands a certificate of whoever connects. Other mail servers as a rule have none, so that TLS fails with them: mail comes in clear or not at all.',
    fix: [program('Do not demand certificates of clients where everybody may connect.', noClientCertificate)],
    reference: 'RFC 8446 §4.3.2',
  },
  'starttls.slow': {
    title: 'time until TLS is up',
    severity: 'info',
    why: 'The handshake takes long. Impatient senders break off and try in clear.',
    fix: [
      program(
        'See what the server waits for: too little entropy, look-ups of names, an overloaded processor.',
      ),
    ],
    reference: 'RFC 5321 §4.5.3.2',
  },
  'starttls.ehlo-after-fails': {
    title: 'answers inside TLS',
    severity: 'high',
    why: 'TLS comes up, and then the server does not answer as it has to. Senders give the connection up: mail waits, or comes in clear at the next attempt.',
    fix: [
      newer(
        'Look into the log of the server at the time of the check; a server that asks for certificates of clients may break off here.',
      ),
    ],
    reference: 'RFC 3207 §4.2',
  },
  'starttls.reoffered': {
    title: 'offer of STARTTLS inside TLS',
    severity: 'low',
    why: 'The server offers STARTTLS inside TLS, where it must not. Simple clients run in circles; it is often the sign of a proxy that ends TLS before a server that does not know of it.',
    fix: [
      program(
        'Where a proxy ends TLS, have it take the offer out, or tell the server behind it that TLS is up.',
      ),
    ],
    reference: 'RFC 3207 §4.2',
  },
  'starttls.second-accepted': {
    title: 'second STARTTLS, inside TLS',
    severity: 'medium',
    why: 'The server takes STARTTLS a second time, inside TLS. What was agreed on first is lost; it is often the sign of a proxy whose inner connection goes on in clear.',
    fix: [newer('Where a proxy ends TLS, switch STARTTLS off behind it.')],
    reference: 'RFC 3207 §4.2, RFC 9051 §6.2.1',
  },
  'starttls.caps-diff': {
    title: 'offers in clear and inside TLS',
    severity: 'info',
    why: 'Inside TLS other extensions are offered than in clear. That may be on purpose.',
    fix: [program('See whether the difference is on purpose.')],
    reference: 'RFC 3207 §4.2',
  },
  'starttls.injection': {
    title: 'commands injected before TLS',
    severity: 'high',
    why: 'Commands that are sent in clear right behind STARTTLS are carried out inside TLS. Whoever is on the path puts commands of his own before those of a sender whose connection is verified, and can so have its mail, or its password, delivered to himself.',
    fix: [
      newer(
        'The server must forget everything that it has read when it goes over to TLS (CVE-2011-0411 and its like).',
      ),
    ],
    reference: 'RFC 3207 §4.2, RFC 9051 §6.2.1',
  },
  'starttls.state-kept': {
    title: 'memory of what was said before TLS',
    severity: 'medium',
    why: 'What was said in clear still counts inside TLS. Whoever is on the path can begin a session in his own way, and the sender goes on with it.',
    fix: [newer('The server must go back to its first state when TLS is up.')],
    reference: 'RFC 3207 §4.2',
  },
  'starttls.sni-required': {
    title: 'TLS for clients that name no server (SNI)',
    severity: 'medium',
    why: 'TLS comes about only for clients that name the server in the handshake (SNI). Many mail servers do not, and send in clear or not at all.',
    fix: [
      program(
        'Give the server a certificate that it shows where no name, or an unknown one, is asked for.',
        offerTls,
      ),
    ],
    reference: 'RFC 8461 §7.1, RFC 6066 §3',
  },
  'starttls.large-hello-intolerance': {
    title: 'TLS for clients with post-quantum keys (large hellos)',
    severity: 'high',
    why: 'A hello that is larger than one segment, as clients with post-quantum keys send it, gets no handshake, and a smaller one does. More and more senders begin with such a hello: theirs fails, and they send in clear, or not at all where a policy requires TLS.',
    fix: [
      program(
        'Install a current version of the server, and of whatever stands before it and reads hellos (firewall, load balancer): it must wait for the rest of a hello that comes in several pieces.',
      ),
    ],
    reference: 'RFC 8446 §5.1',
  },
  'starttls.sni-cert-differs': {
    title: 'certificate for clients that name no server (SNI)',
    severity: 'info',
    why: 'Clients that name no server in the handshake get another certificate. Senders that verify do name it (RFC 7672 §8.1, RFC 8461 §7.1), so that nothing fails by it.',
    fix: [
      program(
        'Where clients without SNI are to be served alike, make this certificate the default one.',
        offerTls,
      ),
    ],
    reference: 'RFC 6066 §3',
  },
} as const satisfies Catalogue;
