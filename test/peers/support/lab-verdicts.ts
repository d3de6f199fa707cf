/** What becomes of mail to the domains of the lab: the case, the domain, the verdict. */
/** Mail to one domain. */
export interface LabVerdict {
  /** The case of docs/policy.md. */
  readonly name: string;
  readonly domain: string;
  readonly verdict: string;
  readonly because: RegExp;
  /** The MX host; null where nobody was asked. */
  readonly mx?: string | null;
  /** Of the TLSA record that matched; null: none did. */
  readonly tlsa?: RegExp | null;
}

const DANE = 'delivered authenticated, authenticate by dane';
const PROVED = 'delivered authenticated, none by default';
/** Without a policy, a host that only unsigned DNS names. */
export const UNPROVED = 'delivered encrypted, none by default';
const NO_DANE = 'deferred, authenticate by dane';
const NOT_MET = 'blocked, authenticate by dane';
const STS = 'delivered authenticated, authenticate by sts';
const halfway = /^mx-not-secure: the certificate is valid for mx\..*, a name out of unsigned DNS/;

/** Every domain of the lab that gets mail, and one that is not there. */
export const labVerdicts: readonly LabVerdict[] = [
  {
    name: 'D1: the MX records are bogus',
    domain: 'mx-bogus.test',
    verdict: 'deferred, none by default',
    because: /MX records of mx-bogus\.test cannot be learnt: .* does not fit/,
    mx: null,
  },
  {
    name: 'D2: no such domain',
    domain: 'nothing-here.test',
    verdict: 'bounced, none by default',
    because: /does not exist/,
    mx: null,
  },
  {
    name: 'D3: a null MX',
    domain: 'null-mx.test',
    verdict: 'bounced, none by default',
    because: /null MX/,
    mx: null,
  },
  {
    name: 'D4: no MX records, and the domain itself is the TLSA base',
    domain: 'implicit.test',
    verdict: DANE,
    because: /3 1 1/,
    mx: 'implicit.test',
    tlsa: /^3 1 1 /,
  },
  {
    name: 'D5: half-DANE binds, and is no more than encrypted',
    domain: 'half-dane.test',
    verdict: 'delivered encrypted, authenticate by dane',
    because: /^mx-not-secure: .* TLSA record 3 1 1 .* out of unsigned DNS$/,
    tlsa: /^3 1 1 /,
  },
  {
    name: 'D6: the addresses of the host are not secure',
    domain: 'dane-host-unsigned.test',
    verdict: PROVED,
    because: /valid for mail\.unsigned\.test/,
    tlsa: null,
  },
  {
    name: 'D8: the host is an alias, secure all the way',
    domain: 'dane-host-alias.test',
    verdict: DANE,
    because: /3 1 1/,
    mx: 'mx.dane-host-alias.test',
    tlsa: /^3 1 1 /,
  },
  {
    name: 'D9: the address of the first host is bogus',
    domain: 'address-bogus.test',
    verdict: PROVED,
    because: /valid for mx2\.address-bogus/,
    mx: 'mx2.address-bogus.test',
  },
  {
    name: 'D10: the first host has no address',
    domain: 'no-address.test',
    verdict: PROVED,
    because: /valid for mx2\.no-address/,
    mx: 'mx2.no-address.test',
  },
  {
    name: 'D10: no host has one',
    domain: 'no-host.test',
    verdict: 'deferred, none by default',
    because: /has no address/,
    mx: null,
  },
  {
    name: 'D11: the TLSA records are bogus',
    domain: 'dane-bogus.test',
    verdict: NO_DANE,
    because: /TLSA records at _25\._tcp\.mx\.dane-bogus\.test cannot be learnt/,
    mx: null,
  },
  {
    name: 'D11: that there are no TLSA records is not proven',
    domain: 'dane-unproven.test',
    verdict: NO_DANE,
    because: /is not proven/,
    mx: null,
  },
  {
    name: 'D12: no TLSA records',
    domain: 'signed-plain.test',
    verdict: PROVED,
    because: /valid for mx\.signed-plain/,
    tlsa: null,
  },
  {
    name: 'D13: the TLSA records are behind an alias',
    domain: 'dane-alias.test',
    verdict: DANE,
    because: /3 1 1/,
    tlsa: /^3 1 1 /,
  },
  {
    name: 'D13: the alias leads to an unsigned zone',
    domain: 'dane-alias-unsigned.test',
    verdict: PROVED,
    because: /valid for mx\./,
    tlsa: null,
  },
  {
    name: 'D14: only usages 0 and 1',
    domain: 'dane-pkix.test',
    verdict: 'delivered authenticated, encrypt by dane',
    because: /valid for mx\./,
    tlsa: null,
  },
  {
    name: 'D14: unknown numbers, and a digest that is too short',
    domain: 'dane-unusable.test',
    verdict: 'delivered authenticated, encrypt by dane',
    because: /valid for mx\./,
    tlsa: null,
  },
  {
    name: 'D16: usage 3',
    domain: 'dane-ee.test',
    verdict: DANE,
    because: /public key is that of the TLSA record 3 1 1/,
    tlsa: /^3 1 1 /,
  },
  {
    name: 'D16: the same under NSEC3',
    domain: 'dane-nsec3.test',
    verdict: DANE,
    because: /3 1 1/,
    tlsa: /^3 1 1 /,
  },
  {
    name: 'D17: usage 2',
    domain: 'dane-ta.test',
    verdict: DANE,
    because: /valid for mx\.dane-ta\.test and vouched for by the trust anchor/,
    tlsa: /^2 [01] 1 /,
  },
  {
    name: 'D18: the keys before and after a change',
    domain: 'dane-rollover.test',
    verdict: DANE,
    because: /3 1 1/,
    tlsa: /^3 1 1 (?!1{64})/,
  },
  {
    name: 'D20: the certificate matches none',
    domain: 'dane-mismatch.test',
    verdict: NOT_MET,
    because: /matches none of its TLSA records, 3 1 1 1{64}; it would match 3 1 1 /,
  },
  {
    name: 'D20: no STARTTLS',
    domain: 'dane-no-starttls.test',
    verdict: NOT_MET,
    because: /does not offer STARTTLS/,
  },
  {
    name: 'D20: somebody else’s certificate',
    domain: 'dane-intercepted.test',
    verdict: NOT_MET,
    because: /matches none of its TLSA records/,
  },
  {
    name: 'D20: the first host does not match, the second does',
    domain: 'dane-second.test',
    verdict: DANE,
    because: /3 1 1/,
    mx: 'mx2.dane-second.test',
    tlsa: /^3 1 1 /,
  },
  {
    name: '§2.3: DANE decides for the host that has it',
    domain: 'dane-mixed.test',
    verdict: DANE,
    because: /3 1 1/,
    mx: 'mx1.dane-mixed.test',
  },
  {
    name: '§2.3: DANE and MTA-STS: DANE decides',
    domain: 'sts-and-dane.test',
    verdict: DANE,
    because: /3 1 1/,
    tlsa: /^3 1 1 /,
  },
  { name: '§2.3: no policy', domain: 'plain.test', verdict: UNPROVED, because: halfway },
  {
    name: '§2.3: no policy, and no STARTTLS',
    domain: 'plain-stripped.test',
    verdict: 'delivered cleartext, none by default',
    because: /does not offer STARTTLS/,
  },
  {
    name: '§2.3: no policy, and nobody listens',
    domain: 'dead.test',
    verdict: 'deferred, none by default',
    because: /ECONNREFUSED/,
  },
  {
    name: 'S1: two records count as none',
    domain: 'sts-two-records.test',
    verdict: UNPROVED,
    because: halfway,
  },
  { name: 'S4: the policy is not there', domain: 'sts-missing.test', verdict: UNPROVED, because: halfway },
  { name: 'S4: the policy has no mode', domain: 'sts-broken.test', verdict: UNPROVED, because: halfway },
  { name: 'S9: a policy that says none', domain: 'sts-none.test', verdict: UNPROVED, because: halfway },
  {
    name: 'S10: a policy that says testing',
    domain: 'sts-testing.test',
    verdict: UNPROVED,
    because: halfway,
  },
  {
    name: 'S11: no pattern matches the host',
    domain: 'sts-mismatch.test',
    verdict: 'blocked, authenticate by sts',
    because: /\(enforce, id 1\) does not list mx\.sts-mismatch\.test/,
    mx: null,
  },
  {
    name: 'S12: no STARTTLS',
    domain: 'sts-stripped.test',
    verdict: 'blocked, authenticate by sts',
    because: /does not offer STARTTLS/,
  },
  {
    name: 'S12: a bad certificate',
    domain: 'sts-intercepted.test',
    verdict: 'blocked, authenticate by sts',
    because: /the certificate is not valid/,
  },
  {
    name: 'S13: the certificate proves the name of the host',
    domain: 'sts.test',
    verdict: STS,
    because: /valid for mx\.sts\.test, which proves mx\.sts\.test/,
  },
  {
    name: 'S14: a pattern',
    domain: 'sts-wildcard.test',
    verdict: STS,
    because: /which proves mx\.sts-wildcard\.test/,
  },
  { name: 'S17: a redirect', domain: 'sts-moved.test', verdict: UNPROVED, because: halfway },
  { name: 'S17: not text/plain', domain: 'sts-html.test', verdict: UNPROVED, because: halfway },
  { name: 'S17: more than 64 KiB', domain: 'sts-huge.test', verdict: UNPROVED, because: halfway },
  {
    name: 'S18: the policy host’s authority is unknown',
    domain: 'sts-stranger.test',
    verdict: UNPROVED,
    because: halfway,
  },
  {
    name: 'S18: the policy host’s certificate is for another name',
    domain: 'sts-wrong-name.test',
    verdict: UNPROVED,
    because: halfway,
  },
  {
    name: 'S18: the policy host’s certificate is past',
    domain: 'sts-expired.test',
    verdict: UNPROVED,
    because: halfway,
  },
  {
    name: 'S18: the policy host’s certificate is signed by itself',
    domain: 'sts-self-signed.test',
    verdict: UNPROVED,
    because: halfway,
  },
];
