/** What is wrong or weak about the TLSA records of mail hosts. */
import type { Answer } from '../../dns/answer.ts';
import { showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import type { Domain } from '../../names/domain.ts';
import type { UsableHost } from '../../policies/combine.ts';
import type { HostFacts, TlsaFacts } from '../../policies/dane/hosts.ts';
import { daneAt } from '../../policies/dane/plan.ts';
import { answerTo, type Explained, type LookedUp, tlsaPort } from './explained.ts';
import { usableOf } from './hosts.ts';
import { findOut, hostOwner, owner, type Problem, requireTls, sender, waitText } from './remedies.ts';

export function daneProblems({ facts, verdict }: LookedUp, explained: Explained): Problem[] {
  const { domain, hosts } = facts;
  const port = tlsaPort(explained);
  const usable = usableOf(verdict.hosts);
  const names = new Set(usable.map(({ host }) => host));
  const standing = (host: Domain): Standing =>
    names.has(host) ? 'used' : names.size > 0 ? 'others' : 'none';
  return [
    ...hosts.flatMap(({ facts: host }) => ofHost(host, domain, port, standing(host.host), explained)),
    ...halfDane(usable, domain),
    ...unequal(usable, port),
  ];
}

/** What an owner who begins with DANE publishes. */
const USUAL = '3 1 1 and the SHA-256 of the public key of its certificate';

/** Whether mail goes to the host all the same, to others, or nowhere. */
type Standing = 'used' | 'others' | 'none';

function ofHost(
  host: HostFacts,
  domain: Domain,
  port: number,
  standing: Standing,
  explained: Explained,
): readonly Problem[] {
  if (host.kind !== 'found') return [];
  const places = answersFor(host.host, port, explained.answers);
  const { tlsa } = host;
  if (tlsa.kind === 'unknown') return [unlearnt(host.host, domain, standing, places, explained)];
  if (tlsa.kind === 'found') return unusable(tlsa, host.host, domain, port);
  const open = places.find(({ kind, status }) => kind === 'found' && status !== 'secure');
  return open === undefined ? [] : [unproven(open, host.host, domain)];
}

/** The answers about TLSA records of the host: at its name, and at the end of its aliases. */
function answersFor(host: Domain, port: number, answers: readonly Answer[]): readonly Answer[] {
  const ends = [types.A, types.AAAA].flatMap((type) => answerTo(answers, host, type)?.owner ?? []);
  const names = new Set([host, ...ends.map(showName)]);
  return [...names].flatMap((name) => answerTo(answers, `_${port}._tcp.${name}`, types.TLSA) ?? []);
}

function unlearnt(
  host: Domain,
  domain: Domain,
  standing: Standing,
  places: readonly Answer[],
  explained: Explained,
): Problem {
  const port = tlsaPort(explained);
  const failed = places.find(({ kind }) => kind === 'unknown');
  const place = failed === undefined ? `_${port}._tcp.${host}` : showName(failed.question.name);
  const bogus = failed?.status === 'bogus';
  const why = bogus
    ? 'should be proven by DNSSEC and are not (bogus), or the proof that there are none is missing'
    : 'could not be learnt: nobody gave an answer that can be used';
  return {
    says: `The TLSA records of ${host} ${why}. ${FOLLOWS[standing]}`,
    fix: [
      hostOwner(
        host,
        domain,
        bogus
          ? `Have the zone of ${place} signed anew, with a DS in the zone above that fits its keys.`
          : `See to it that the name servers answer the question for TLSA records at ${place}, if only with "no such record".`,
      ),
      findOut(place, 'TLSA', bogus),
      ...(standing === 'none'
        ? [
            requireTls(
              domain,
              '2d',
              `Wait: ${waitText(explained)}. Only if the owner of ${domain} tells you, and not by mail, that it cannot be repaired soon, make an exception.`,
            ),
          ]
        : []),
    ],
  };
}

const NOT_USED =
  'The host is not used at all: otherwise whoever can spoil this answer could take the protection away.';

const FOLLOWS: Readonly<Record<Standing, string>> = {
  used: 'Only the word of an operator lets mail go there all the same.',
  others: `${NOT_USED} Mail goes to the other hosts.`,
  none: NOT_USED,
};

function unusable(
  tlsa: Extract<TlsaFacts, { kind: 'found' }>,
  host: Domain,
  domain: Domain,
  port: number,
): readonly Problem[] {
  const { set, base } = tlsa;
  if (set.unusable.length === 0) return [];
  const isAll = daneAt(tlsa).kind === 'encrypt';
  const says = isAll
    ? `All TLSA records of ${host} are of a kind that authenticates nobody, so TLS is required and any certificate is taken.`
    : `Some TLSA records of ${host} authenticate nobody (${set.unusable.length} of ${set.unusable.length + set.usable.length + set.superseded.length}); they are ignored.`;
  const place = `_${port}._tcp.${base}`;
  const what = isAll
    ? `Put a TLSA record that counts for mail in place of them at ${place}: ${USUAL}.`
    : `Take these records away, or correct them, at ${place}: ${set.unusable[0]?.text ?? ''} ${set.unusable[0]?.because ?? ''}.`;
  const nothing = sender('Nothing has to be done: mail goes over TLS, only who takes it is not proven.');
  return [{ says, fix: [hostOwner(host, domain, what), ...(isAll ? [nothing] : [])] }];
}

function unproven({ question, status }: Answer, host: Domain, domain: Domain): Problem {
  const place = showName(question.name);
  return {
    says: `There are TLSA records at ${place}, but they are not proven (${status}), so they do not count: mail goes as if there were none.`,
    fix: [
      hostOwner(
        host,
        domain,
        `Have the zone in which these records stand signed; where ${place} is an alias, the one that it leads to as well.`,
      ),
    ],
  };
}

function halfDane(usable: readonly UsableHost[], domain: Domain): readonly Problem[] {
  const half = usable.filter(({ decision: { dane } }) => dane !== null && dane.binding && !dane.trusted);
  const [first] = half;
  if (first === undefined) return [];
  const names = half.map(({ host }) => host).join(', ');
  return [
    {
      says: `The MX records of ${domain} are not signed, so whoever is on the path can name another host in place of ${names}, one without TLSA records, for which only the default level holds. What this host has published binds all the same (half-DANE); mail over it counts as encrypted, not as authenticated, in events and in the queue.`,
      fix: [
        owner(`Have the zone of ${domain} signed (DNSSEC), so that its MX records are proven too.`),
        sender(
          `${first.decision.provesName ? '' : 'Nothing has to be done. '}If you know the host from its owner, a [[route]] with match = "${domain}" and to = "smtp://${first.host}" makes it one that nobody can exchange; without "tls" in it DANE stays in force.`,
        ),
      ],
    },
  ];
}

/** What keeps mail from the better host brings it to the weaker one. */
function unequal(usable: readonly UsableHost[], port: number): readonly Problem[] {
  const bound = usable.filter(({ decision }) => decision.by === 'dane');
  const weaker = usable.filter(({ decision }) => decision.requires === 'none');
  const [better] = bound;
  if (better === undefined || weaker.length === 0) return [];
  const names = weaker.map(({ host }) => host);
  const places = names.map((host) => `_${port}._tcp.${host}`).join(', ');
  return [
    {
      says: `${better.host} has TLSA records and ${names.join(', ')} has none: mail that cannot be brought to the first goes on to the other, if need be in clear, and whoever is on the path can bring that about.`,
      fix: [
        owner(
          `Publish TLSA records for every mail host: at ${places} too (${USUAL}); or an MTA-STS policy, which holds for hosts without such records.`,
        ),
        sender(
          'Only the level for everyone helps here, relay.tls = "encrypt"; but then mail to every domain whose hosts have no TLS waits. An override for this domain would put its TLSA records out of force.',
        ),
      ],
    },
  ];
}
