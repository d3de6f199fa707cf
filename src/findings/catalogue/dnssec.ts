/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const dnssecChecks = {
  'dnssec.unsigned': {
    title: 'signatures of the zone (DNSSEC)',
    severity: 'medium',
    why: 'Whoever is on the way to a resolver can put other mail hosts in the answer, and the mail goes there. DANE counts only in signed zones.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Switch on DNSSEC at whoever runs the zone of example.test; with BIND: "dnssec-policy default;" in the zone.',
      },
      {
        who: 'registrar',
        do: 'Hand in the DS record that the signed zone shows.',
        verify: 'waxwing resolve example.test MX',
      },
    ],
    reference: 'RFC 4033 §3',
  },
  'dnssec.bogus': {
    title: 'proof of what the zone says',
    severity: 'critical',
    why: 'The zone should be signed and its proof does not hold. Resolvers that validate give no answer at all, so that senders behind them keep the mail and return it after some days.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Sign the zone anew with the keys that the DS record names, and look whether signatures are renewed in time.',
        verify: 'waxwing resolve example.test MX',
      },
      {
        who: 'registrar',
        do: 'If the zone is no longer to be signed, remove its DS record, and switch signing off only a day after it is gone.',
      },
    ],
    reference: 'RFC 4035 §4.3',
  },
  'dnssec.ds-mismatch': {
    title: 'the DS record against the keys of the zone',
    severity: 'critical',
    why: 'The zone above names a key that the zone does not have. Nothing in the zone can be proven, and resolvers that validate give no answer at all.',
    fix: [{ who: 'registrar', do: 'Replace the DS record by that of the key that the zone is signed with.' }],
    reference: 'RFC 4035 §5.2',
  },
  'dnssec.island': {
    title: 'the DS record of a signed zone',
    severity: 'medium',
    why: 'The zone is signed, and the zone above does not say so: for everybody it is as if it were not signed, and DANE does not count.',
    fix: [{ who: 'registrar', do: 'Hand in the DS record of the zone.' }],
    reference: 'RFC 4033 §2',
  },
  'dnssec.alg-weak': {
    title: 'algorithms of keys and digests',
    severity: 'medium',
    why: 'SHA-1 can be broken. Newer resolvers no longer take it into account, so that the zone is unsigned for them.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Roll the keys to ECDSAP256SHA256 (13), and have the DS record made with SHA-256 (digest type 2).',
      },
    ],
    reference: 'RFC 9905 §2',
  },
  'dnssec.nsec3-iterations': {
    title: 'rounds of hashing (NSEC3)',
    severity: 'medium',
    why: 'More rounds protect nothing and cost every resolver work. Beyond 100 rounds resolvers take what is not there for unsigned, or give no answer.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Set the rounds to 0 and the salt to none; with BIND: "nsec3param iterations 0 optout no salt-length 0;" in the dnssec-policy.',
      },
    ],
    reference: 'RFC 9276 §3.1',
  },
  'dnssec.rrsig-expiring': {
    title: 'renewal of signatures',
    severity: 'high',
    why: 'The signatures are near their end, and later than usual nobody has renewed them. When they end, resolvers that validate give no answer at all.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Look whether the signer of the zone still runs, and whether the new zone gets to every server; sign it anew.',
      },
    ],
    reference: 'RFC 6781 §4.4.2',
  },
  'dnssec.mx-zone-unsigned': {
    title: 'signatures of the zones of mail hosts',
    severity: 'medium',
    why: 'The domain is signed, the zone of its mail host is not: whoever is on the way can put another address there, and DANE does not count for this host.',
    fix: [
      { who: 'mail-provider', do: 'Have the zone of the mail host signed, or take a host in a signed zone.' },
    ],
    reference: 'RFC 7672 §2.2.2',
  },
  'dnssec.mx-zone-bogus': {
    title: 'proof of the addresses of mail hosts',
    severity: 'critical',
    why: 'The zone of the mail host should be signed and its proof does not hold: senders that validate cannot use this host, and keep the mail if there is no other.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Sign the zone of the host anew with the keys that its DS record names.',
      },
    ],
    reference: 'RFC 7672 §2.1.1, §2.1.2',
  },
  'dnssec.address-insecure': {
    title: 'signatures of addresses beside TLSA records',
    severity: 'medium',
    why: 'The TLSA records are in a signed zone, the addresses of the host are not. Senders look for TLSA records only where the addresses are proven, so DANE does not count.',
    fix: [
      { who: 'dns-owner', do: 'Have the zone of the addresses signed, or move the name into a signed zone.' },
    ],
    reference: 'RFC 7672 §2.2.2',
  },
  'dnssec.denial-broken': {
    title: 'answers to questions for TLSA records',
    severity: 'critical',
    why: 'The servers of the zone do not answer the question for TLSA records, or cannot prove their answer. Senders with DANE must not use this host, and keep the mail if there is no other.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Update the servers of the zone, or whatever stands before them: they have to answer questions for every type, with proof where there is nothing.',
      },
    ],
    reference: 'RFC 7672 §2.1.2',
  },
  'dnssec.ent-nxdomain': {
    title: 'the name above TLSA records',
    severity: 'high',
    why: 'The servers say that there is nothing at and below _tcp, although the TLSA records stand there. Resolvers that ask label by label never find them, and DANE counts for some senders only.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Update the servers of the zone: for a name that only has others below it the answer is NOERROR without records.',
      },
    ],
    reference: 'RFC 8020 §2',
  },
  'dnssec.cname-insecure': {
    title: 'aliases of mail hosts into unsigned zones',
    severity: 'medium',
    why: 'The name of the mail host is signed and is an alias for one in an unsigned zone: whoever is on the way can put another address there.',
    fix: [{ who: 'mail-provider', do: 'Name a host in a signed zone, or have that zone signed.' }],
    reference: 'RFC 7672 §2.2.2',
  },
} as const satisfies Catalogue;
