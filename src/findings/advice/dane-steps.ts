/** The way to DANE: signed zones, records of the keys in use and of the next ones, and a change of keys that loses no mail. */
import { showList } from '../../dns/show.ts';
import type { Remedy } from '../check.ts';
import { keyRecords, verifyDaneCommand, zoneLine } from '../dane/publish.ts';
import type { AdviceStep } from './advice.ts';
import type { HostState } from './hosts.ts';
import type { Ground } from './standing.ts';
import { hours } from './sts-steps.ts';

export function daneSteps(ground: Ground): readonly AdviceStep[] {
  return [dnssec(ground), tlsa(ground), rollover(ground)];
}

const DS_HOURS = 24;

function dnssec(ground: Ground): AdviceStep {
  const { domain, hosts, signed, facts } = ground;
  const step = {
    id: 'dnssec',
    title: 'zones that are signed (DNSSEC)',
    why: 'TLSA records count only where DNSSEC proves them, the MX records and the addresses of the mail hosts.',
  } as const;
  const unsigned = hosts.filter((host) => !host.signed);
  const isDark =
    (facts.way.kind === 'hosts' || facts.way.kind === 'implicit') &&
    (facts.way.status === 'indeterminate' || facts.way.status === 'bogus');
  if (isDark) {
    const because = 'the resolver that was asked proves nothing (--resolver, --dnssec)';
    return { ...step, state: 'blocked', because, do: [], wait: null };
  }
  if (signed && unsigned.length === 0) {
    const because = 'the MX records and the addresses of all mail hosts are proven';
    return { ...step, state: 'done', because, do: [], wait: null };
  }
  const strange = unsigned.filter(({ own }) => !own);
  return {
    ...step,
    state: 'now',
    because: `not proven: ${showList([...(signed ? [] : [`the MX records of ${domain}`]), ...unsigned.map(({ name }) => name)])}`,
    do: [
      ...hosts.filter(({ name }) => isUnproven(ground, name)).map(({ name }) => takeOut(name)),
      ...(signed && unsigned.every(({ own }) => !own) ? [] : signOwn(domain)),
      ...strange.slice(0, 6).map(
        ({ name }): Remedy => ({
          who: 'mail-provider',
          do: `Ask the provider of ${name} for a mail host in a signed zone; until then there is no DANE at this host, and MTA-STS alone protects mail that goes there.`,
          verify: `waxwing resolve ${name} A`,
        }),
      ),
    ],
    wait: {
      hours: DS_HOURS,
      because: 'resolvers may remember for a day that the zone was not signed',
    },
  };
}

/** Whether there are TLSA records that nobody obeys, and everybody will once they are proven. */
function isUnproven({ findings }: Ground, host: string): boolean {
  return findings.some(
    ({ id, state, scope }) => id === 'dane.insecure' && state === 'fail' && scope.host === host,
  );
}

function takeOut(host: string): Remedy {
  return {
    who: 'dns-owner',
    do: `First take the TLSA records at _25._tcp.${host} out. Nobody goes by them now; from the moment at which they are proven all senders with DANE do, and one that does not fit keeps their mail away. The step after this one publishes those that fit.`,
    verify: `dig +short _25._tcp.${host} TLSA`,
  };
}

function signOwn(domain: string): readonly Remedy[] {
  return [
    {
      who: 'dns-owner',
      do: `Have the zone of ${domain} signed by the name server, with keys and signatures that it renews by itself, and first without a DS record.`,
      verify: `dig +dnssec ${domain} SOA`,
    },
    {
      who: 'registrar',
      do: 'When all name servers answer with signatures, and the longest TTL of the zone has gone by since, have the DS record put into the zone above.',
      lines: [
        { for: 'dns', text: `${domain}. IN DS <key tag> <algorithm> 2 <SHA-256 of the key-signing key>` },
      ],
      verify: `waxwing resolve ${domain} MX`,
    },
  ];
}

/** Records of the keys that were really seen; hosts of others are their owners' to publish for. */
function tlsa(ground: Ground): AdviceStep {
  const { hosts, domain } = ground;
  const step = {
    id: 'tlsa',
    title: 'TLSA records for every mail host',
    why: 'Senders with DANE then deliver to these keys only, or wait, and nobody can hide that from them. Two records, of the key in use and of the next one, let the key be changed later without losing mail.',
  } as const;
  const nothing = { do: [], wait: null } as const;
  const missing = hosts.filter(({ dane }) => dane === 'missing');
  const broken = hosts.filter(({ dane }) => dane === 'no');
  if (broken.length > 0) {
    const because = `the records of ${showList(broken.map(({ name }) => name))} do not fit, which is repaired first`;
    return { ...step, ...nothing, state: 'later', because };
  }
  const unknown = hosts.find(
    ({ dane, tls }) => dane === 'unknown' || (dane === 'missing' && tls.kind === 'unknown'),
  );
  if (unknown !== undefined || hosts.length === 0) {
    const because =
      unknown === undefined
        ? 'there is no mail host'
        : unknown.tls.kind === 'unknown'
          ? unknown.tls.because
          : `whether ${unknown.name} has TLSA records could not be learnt`;
    return { ...step, ...nothing, state: 'blocked', because };
  }
  if (missing.length === 0 && !ground.signed) {
    const because = `every mail host has records that fit, and all senders with DANE go by them once the MX records of ${domain} are proven`;
    return { ...step, ...nothing, state: 'later', because };
  }
  if (missing.length === 0)
    return { ...step, ...nothing, state: 'done', because: 'every mail host has records that fit' };
  const bare = missing.find(({ tls }) => tls.kind === 'no');
  if (bare !== undefined) return { ...step, ...nothing, state: 'later', because: bare.tls.because };
  const signedOnes = missing.filter(({ signed }) => signed);
  if (signedOnes.length === 0) {
    const because = `the zone of ${showList(missing.map(({ name }) => name))} has to be signed first`;
    return { ...step, ...nothing, state: 'later', because };
  }
  return {
    ...step,
    state: 'now',
    because: `without records: ${showList(signedOnes.map(({ name }) => name))}`,
    do: signedOnes.slice(0, 10).map((host) => publish(ground, host)),
    wait: hours(
      Math.max(...signedOnes.map(({ name }) => ground.ttl(`_25._tcp.${name}`, 'TLSA'))),
      'caches may still say that there are no records',
    ),
  };
}

function publish({ domain, findings }: Ground, host: HostState): Remedy {
  const owner = `_25._tcp.${host.name}`;
  const lines = keyRecords(host).map((record) => zoneLine(owner, record, true));
  // No record can stand beside an alias (RFC 2181 §10.1).
  const isAlias = findings.some(({ id, scope }) => id === 'dane.cname' && scope.host === host.name);
  return {
    who: host.own ? 'dns-owner' : 'mail-provider',
    do: host.own
      ? `${isAlias ? `In place of the alias at ${owner} publish` : 'Publish'} the ${lines.length === 1 ? 'key' : 'keys'} that ${host.name} has now. From here on ${lines.length === 1 ? 'it has' : 'they have'} to stay as ${lines.length === 1 ? 'it is' : 'they are'} when the certificate is renewed (certbot: --reuse-key).`
      : `Ask the provider of ${host.name} to publish TLSA records; these are of what it presents now, and only the provider knows when that changes.`,
    lines,
    verify: verifyDaneCommand(domain),
  };
}

/** Twice the TTL of a day, as most are no longer. Seconds. */
const TWO_DAYS = 172_800;

/** RFC 7671 §8.1: the new record first, two TTLs, then the key, then the old record goes. */
function rollover(ground: Ground): AdviceStep {
  const { hosts, findings, ttl, domain } = ground;
  const step = {
    id: 'tlsa-rollover',
    title: 'a record for the next key',
    why: 'A key is changed one day, planned or after an accident. If its record has been there for long enough, that loses no mail.',
  } as const;
  const nothing = { do: [], wait: null } as const;
  const withRecords = hosts.filter(({ dane }) => dane === 'yes');
  if (withRecords.length === 0)
    return { ...step, ...nothing, state: 'later', because: 'TLSA records for the keys in use come first' };
  const open = withRecords.filter(({ name }) =>
    findings.some(
      ({ id, state, scope }) => id === 'dane.rollover-not-ready' && state === 'absent' && scope.host === name,
    ),
  );
  if (open.length === 0)
    return {
      ...step,
      ...nothing,
      state: 'done',
      because: 'a record waits for the next key, or an authority is named',
    };
  const seconds = Math.max(...open.map(({ name }) => ttl(`_25._tcp.${name}`, 'TLSA')));
  const wait = hours(
    Math.max(2 * seconds, TWO_DAYS),
    'twice the TTL, of which a resolver only tells what is left, before a server uses the new key',
  );
  return {
    ...step,
    state: 'now',
    because: `only the keys in use have records: ${showList(open.map(({ name }) => name))}`,
    do: open.slice(0, 6).flatMap(({ name, own }) => nextKey(name, own, domain, wait.hours)),
    wait,
  };
}

function nextKey(host: string, own: boolean, domain: string, wait: number): readonly Remedy[] {
  const owner = `_25._tcp.${host}`;
  if (!own)
    return [
      {
        who: 'mail-provider',
        do: `Ask the provider of ${host} how it changes keys: the record of the next one has to be at ${owner} before the key is used.`,
      },
    ];
  return [
    {
      who: 'mail-provider',
      do: `Make the next key of ${host} now, and keep it safe: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out next.key. Its record is 3 1 1 and what the command below prints.`,
      verify: 'openssl pkey -in next.key -pubout -outform DER | openssl dgst -sha256',
    },
    {
      who: 'dns-owner',
      do: 'Publish its record beside the others.',
      lines: [zoneLine(owner, '3 1 1 <SHA-256 of the next public key>', false)],
      verify: verifyDaneCommand(domain),
    },
    {
      who: 'mail-provider',
      do: `To change keys: not before ${wait} ${wait === 1 ? 'hour' : 'hours'} after that, give ${host} a certificate for the next key; then take the record of the old key out, and make another next key.`,
    },
  ];
}
