/** Checks of TLSA records, by id. */
import type { Catalogue, Remedy } from '../check.ts';

const publishKey: Remedy = {
  who: 'dns-owner',
  do: 'Publish the SHA-256 of the public key that the mail host presents, at _25._tcp and its name.',
  lines: [
    {
      for: 'dns',
      text: '_25._tcp.mx.example.com. 3600 IN TLSA 3 1 1 <SHA-256 of the public key of the certificate>',
    },
    {
      for: 'postfix',
      text: 'postfix tls output-server-tlsa -h mx.example.com',
    },
  ],
  verify: 'waxwing check example.com --only dane',
};

const sameKey: Remedy = {
  who: 'mail-provider',
  do: 'Present the certificate and key for which the TLSA records were made, at every address and for every kind of key.',
  lines: [
    { for: 'postfix', text: 'smtpd_tls_chain_files = /etc/ssl/private/mx.key, /etc/ssl/certs/mx.pem' },
    { for: 'exim', text: 'tls_certificate = /etc/ssl/certs/mx.pem' },
    { for: 'exim', text: 'tls_privatekey = /etc/ssl/private/mx.key' },
    { for: 'opensmtpd', text: 'pki mx.example.com cert "/etc/ssl/certs/mx.pem"' },
    { for: 'opensmtpd', text: 'pki mx.example.com key "/etc/ssl/private/mx.key"' },
    { for: 'sendmail', text: "define(`confSERVER_CERT', `/etc/ssl/certs/mx.pem')dnl" },
    { for: 'sendmail', text: "define(`confSERVER_KEY', `/etc/ssl/private/mx.key')dnl" },
  ],
  verify: 'waxwing check example.com --only dane',
};

const LOST =
  'Senders that look at DANE (Postfix with dane, Exchange Online, Exim and many providers) do not deliver to this host: mail from them waits, and comes back after days.';

export const daneChecks = {
  'dane.none': {
    title: 'TLSA records of mail hosts',
    severity: 'info',
    why: 'Without TLSA records no sender can tell the mail host from somebody on the path by DNSSEC; mail is then as safe as MTA-STS makes it, or not at all.',
    fix: [publishKey],
    reference: 'RFC 7672 §2.2.3',
  },
  'dane.port-missing': {
    title: 'TLSA records for this port',
    severity: 'info',
    why: 'Few clients look for TLSA records of a port other than 25; those that do find none here.',
    fix: [publishKey],
    reference: 'RFC 6698 §3',
  },
  'dane.insecure': {
    title: 'proof of TLSA records by DNSSEC',
    severity: 'medium',
    why: 'TLSA records that DNSSEC does not prove are ignored by every sender: they look like protection and are none.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Sign the zone of the mail host with DNSSEC, and have its DS record put into the zone above.',
      },
    ],
    reference: 'RFC 7672 §2.2',
  },
  'dane.malformed': {
    title: 'form of TLSA records',
    severity: 'medium',
    why: 'A TLSA record whose data does not fit its numbers is ignored; where no other is left, senders demand TLS and check nothing.',
    fix: [publishKey],
    reference: 'RFC 6698 §2.1',
  },
  'dane.unusable': {
    title: 'kinds of TLSA records',
    severity: 'high',
    why: 'None of the TLSA records can authenticate the host: senders demand TLS and take any certificate, so whoever sits on the path can still read the mail.',
    fix: [publishKey],
    reference: 'RFC 7672 §2.2',
  },
  'dane.pkix-usage': {
    title: 'usages of TLSA records',
    severity: 'medium',
    why: 'The usages 0 and 1 are not used between mail servers, as no two of them trust the same authorities: such a record is ignored.',
    fix: [publishKey],
    reference: 'RFC 7672 §3.1.3',
  },
  'dane.mismatch': {
    title: 'TLSA records and the certificate of the mail host',
    severity: 'critical',
    why: LOST,
    fix: [publishKey, sameKey],
    reference: 'RFC 7672 §3.2',
  },
  'dane.mismatch-ip': {
    title: 'TLSA records and the certificate at each address',
    severity: 'critical',
    why: 'Senders with DANE that choose this address are refused by their own check, while others get through: mail is late by chance, and by which address a sender tries.',
    fix: [sameKey, publishKey],
    reference: 'RFC 7672 §3.2',
  },
  'dane.mismatch-alg': {
    title: 'TLSA records and the other kind of key',
    severity: 'high',
    why: 'The server has certificates with two kinds of keys, and the records fit one of them only: senders with DANE whose TLS prefers the other do not deliver.',
    fix: [publishKey, sameKey],
    reference: 'RFC 7672 §3.2',
  },
  'dane.mismatch-sni': {
    title: 'TLSA records and the certificate without a server name',
    severity: 'low',
    why: 'To a sender that asks for no name (SNI) the server presents another certificate, which its TLSA records do not fit. Senders with DANE are to ask for it; old ones do not.',
    fix: [publishKey, sameKey],
    reference: 'RFC 7672 §8.1',
  },
  'dane.no-starttls': {
    title: 'STARTTLS where TLSA records demand TLS',
    severity: 'critical',
    why: LOST,
    fix: [sameKey],
    reference: 'RFC 7672 §2.2',
  },
  'dane.ta-not-in-chain': {
    title: 'the authority of the TLSA records in the chain that is presented',
    severity: 'critical',
    why: LOST,
    fix: [
      {
        who: 'mail-provider',
        do: 'Append the certificate of the authority in the TLSA records to the file of the server’s certificate.',
      },
    ],
    reference: 'RFC 7672 §3.1.2',
  },
  'dane.ta-name-mismatch': {
    title: 'under usage 2, the name in the certificate',
    severity: 'critical',
    why: LOST,
    fix: [{ who: 'mail-provider', do: 'Give the mail host a certificate for its own name.' }],
    reference: 'RFC 7672 §3.2.2',
  },
  'dane.ta-expired': {
    title: 'under usage 2, the dates of the certificate',
    severity: 'critical',
    why: LOST,
    fix: [{ who: 'mail-provider', do: 'Renew the certificate of the mail host.' }],
    reference: 'RFC 7672 §3.1.2',
  },
  'dane.ta-public-ca': {
    title: 'whose authority the TLSA records name',
    severity: 'low',
    why: 'The records name a certificate of a public authority. Authorities replace these without asking; from the first renewal after that no mail of senders with DANE arrives.',
    fix: [publishKey],
    reference: 'RFC 7671 §5.2',
  },
  'dane.ee-cert-selector': {
    title: 'what TLSA records are made of, key or certificate',
    severity: 'medium',
    why: 'A record of the whole certificate fits no more when that is renewed, even with the same key: until DNS follows, no mail of senders with DANE arrives.',
    fix: [publishKey],
    reference: 'RFC 7671 §5.1',
  },
  'dane.full-data': {
    title: 'size of TLSA records',
    severity: 'low',
    why: 'A record that holds a whole certificate or key makes answers of DNS large, which get lost on some ways; a digest does the same.',
    fix: [publishKey],
    reference: 'RFC 7671 §10.1',
  },
  'dane.sha512-only': {
    title: 'digests of TLSA records',
    severity: 'low',
    why: 'Only SHA-256 has to be known to every sender; one that does not know SHA-512 finds no record that it can use, and checks nothing.',
    fix: [publishKey],
    reference: 'RFC 6698 §6',
  },
  'dane.cname': {
    title: 'TLSA records behind an alias',
    severity: 'medium',
    why: 'The name of the records is an alias that leads out of what DNSSEC proves, so the records do not count.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Point the alias at a name in a signed zone, or put the records in its place.',
      },
    ],
    reference: 'RFC 7671 §7',
  },
  'dane.stale-record': {
    title: 'TLSA records of keys that no server has shown',
    severity: 'low',
    why: 'A record of a key that is no longer used still authenticates whoever has that key.',
    fix: [{ who: 'dns-owner', do: 'Take out records of keys that are in use no more.' }],
    reference: 'RFC 7671 §8.1',
  },
  'dane.rollover-not-ready': {
    title: 'a TLSA record for the next key',
    severity: 'info',
    why: 'All records are of the key in use. That is right as long as the key stays; on the day it changes without a record that has been there for long enough, mail of senders with DANE waits.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Before a new key is used, publish its record beside the old one and wait at least twice the TTL.',
      },
    ],
    reference: 'RFC 7671 §8.1',
  },
  'dane.will-fail-at': {
    title: 'how long the TLSA records will fit',
    severity: 'high',
    why: 'With what is published now, the next renewal or the next end of a certificate stops mail of all senders with DANE.',
    fix: [publishKey],
    reference: 'RFC 7672 §4',
  },
  'dane.partial-mx': {
    title: 'TLSA records of all mail hosts together',
    severity: 'high',
    why: 'Some mail hosts have TLSA records and others have none. Whoever sits on the path makes the first unreachable, and takes the mail on its way to the others.',
    fix: [publishKey],
    reference: 'RFC 7672 §2.2.1',
  },
  'dane.dead-mx': {
    title: 'mail hosts without TLSA records at which nobody answers',
    severity: 'medium',
    why: 'A mail host at which nobody answers, and which has no TLSA records, serves only somebody on the path: he answers in its place.',
    fix: [{ who: 'dns-owner', do: 'Take the mail host out of the MX records.' }],
    reference: 'RFC 7672 §2.2.1',
  },
  'dane.wrong-owner-name': {
    title: 'names at which TLSA records stand',
    severity: 'medium',
    why: 'TLSA records at the domain itself are not looked for where mail goes to hosts of other names: senders ask at the name in the MX record.',
    fix: [publishKey],
    reference: 'RFC 7672 §2.2.3',
  },
} as const satisfies Catalogue;
