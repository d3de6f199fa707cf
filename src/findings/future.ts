/** What breaks by itself with time, if nobody renews anything: certificates, signatures of zones, remembered policies. */
import { showName } from '../dns/name.ts';
import { types } from '../dns/record.ts';
import { showList, showType } from '../dns/show.ts';
import { formatMoment } from '../names/calendar.ts';
import { isWithin, parseDomain } from '../names/domain.ts';
import { summarizeCertificate } from '../tls/certificate.ts';
import type { CheckCase, HostCase } from './case.ts';
import type { CheckId } from './catalogue.ts';
import type { Remedy } from './check.ts';
import { matchesOf, recordOf } from './dane/match.ts';
import { demandOf } from './dane/places.ts';
import { lineOf } from './dane/publish.ts';
import { type Judged, judgeRecording } from './judge.ts';
import { policyUrl } from './mtasts/gather.ts';
import type { Recording } from './recording.ts';
import { chainsAt, policyDoors, type SeenChain } from './seen.ts';
import type { Sender } from './senders.ts';

/** Something that ends. */
export interface FutureEvent {
  /** The check that it belongs to. */
  readonly id: CheckId;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What ends, and what follows; one sentence without its full stop. */
  readonly what: string;
  /** Kinds of senders whose mail waits or loses its protection, or the checks that fail; empty where nobody looks. */
  readonly breaks: readonly string[];
  readonly evidence: readonly string[];
  readonly fix: readonly Remedy[];
}

const MOST_EVENTS = 40;
const WITH_DANE = ['postfix-dane', 'exchange'] as const satisfies readonly Sender[];
const WITH_STS = ['mta-sts', 'exchange'] as const satisfies readonly Sender[];

/**
 * Judges a recording for a moment to come, as if nothing had changed.
 *
 * But whether signatures of DNS are renewed is judged for now only: whoever signs renews them every few days, so that those of
 * now are over then wherever all is well.
 *
 * @param until milliseconds since 1970.
 */
export function judgeAhead(recording: Recording, until: number): Judged {
  const judged = judgeRecording(recording, until);
  return { ...judged, findings: judged.findings.filter(({ id }) => id !== 'dnssec.rrsig-expiring') };
}

/**
 * What ends between the moment of the case and `until`, the soonest first.
 *
 * @param until milliseconds since 1970. @param isMeant whether a check is to be told of.
 */
export function futureOf(
  recording: Recording,
  judgedNow: CheckCase,
  until: number,
  isMeant: (id: CheckId) => boolean,
): readonly FutureEvent[] {
  const events = [
    ...judgedNow.hosts.flatMap((host) => ofHost(judgedNow, host)),
    ...ofPolicyHost(recording, judgedNow),
    ...ofMemory(judgedNow),
    ...ofSignatures(recording, judgedNow),
  ];
  return events
    .filter(({ id, at }) => isMeant(id) && at > judgedNow.now && at <= until)
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MOST_EVENTS);
}

/** The certificates that a host presents, each once, and what their renewal does to its TLSA records. */
function ofHost(theCase: CheckCase, host: HostCase): readonly FutureEvent[] {
  const doors = policyDoors(theCase, host);
  const seen = new Map<string, SeenChain>();
  for (const chain of doors.flatMap(chainsAt)) {
    const leaf = chain.tls.chain[0];
    const summary = leaf === undefined ? undefined : summarizeCertificate(leaf);
    if (summary?.kind === 'ok') seen.set(summary.value.sha256, seen.get(summary.value.sha256) ?? chain);
  }
  return [...seen.values()].flatMap((chain) => [
    ...certificateEnds(theCase, host, chain),
    ...renewal(theCase, host, chain),
  ]);
}

function certificateEnds(theCase: CheckCase, host: HostCase, { tls }: SeenChain): readonly FutureEvent[] {
  const breaks = whoLooksAtDates(theCase, host);
  return tls.chain.slice(0, 8).flatMap((der, index): FutureEvent[] => {
    const summary = summarizeCertificate(der);
    if (summary.kind !== 'ok') return [];
    const { subject, issuer, sha256, notAfter: at } = summary.value;
    // A root is trusted by itself, and whoever sends it need not.
    if (index > 0 && subject === issuer) return [];
    const evidence = [`${subject || 'no subject'}, issued by ${issuer}, SHA-256 ${sha256}`, ends(at)];
    return index === 0
      ? [
          {
            id: 'cert.expired',
            at,
            what: `the certificate of ${host.name} ends`,
            breaks,
            evidence,
            fix: [
              {
                who: 'mail-provider',
                do: `Renew the certificate of ${host.name}, and have the mail server read it again.`,
              },
            ],
          },
        ]
      : [
          {
            id: 'cert.expired',
            at,
            what: `the certificate of the authority ends that ${host.name} presents with its own`,
            breaks,
            evidence,
            fix: [
              {
                who: 'mail-provider',
                do: `Have ${host.name} present the intermediate certificates that came with its latest certificate.`,
              },
            ],
          },
        ];
  });
}

/** Senders that do not deliver to a certificate that is past. */
function whoLooksAtDates({ facts, now, target }: CheckCase, host: HostCase): readonly string[] {
  if (target.kind !== 'domain') return target.protocol === 'smtp' ? [] : ['every client that verifies'];
  const name = host.facts?.host;
  const demand = facts === null || name === undefined ? undefined : demandOf(facts, name);
  const byAuthority = demand?.set.usable.every(({ usage }) => usage === 2) === true;
  const sts = facts?.sts;
  const enforced = sts?.kind === 'policy' && sts.known.policy.mode === 'enforce' && sts.known.expiresAt > now;
  return [
    ...new Set<string>([
      ...(byAuthority ? WITH_DANE : []),
      // Where there are TLSA records Exchange goes by them.
      ...(enforced ? (demand === undefined ? WITH_STS : ['mta-sts']) : []),
    ]),
  ];
}

/** What the renewal of a certificate, due before its end, does to the records that fit it now. */
function renewal(theCase: CheckCase, host: HostCase, chain: SeenChain): readonly FutureEvent[] {
  const { facts, now } = theCase;
  const name = host.facts?.host;
  const demand = facts === null || name === undefined ? undefined : demandOf(facts, name);
  if (demand === undefined) return [];
  const doors = [chain.observation];
  const one = matchesOf({ doors }, demand, now).find((matched) => matched.chain.by === chain.by);
  const record = one === undefined ? undefined : recordOf(one);
  const leaf = chain.tls.chain[0];
  const summary = leaf === undefined ? undefined : summarizeCertificate(leaf);
  if (record === undefined || summary?.kind !== 'ok') return [];
  const at = summary.value.notAfter;
  const owner = `_25._tcp.${demand.names.base}`;
  const evidence = [lineOf(record), ends(at)];
  const next: Remedy = {
    who: 'dns-owner',
    do: `Publish the record of the next key at ${owner} beside the one in use, at least twice its TTL before the key is used.`,
  };
  const what =
    record.usage === 2
      ? `the certificate of ${host.name} is renewed by then: if another authority signs it, its TLSA records fit no more`
      : record.selector === 0
        ? `the certificate of ${host.name} is renewed by then, and its TLSA records, which are of the certificate itself, fit no more`
        : `the certificate of ${host.name} is renewed by then: with a new key its TLSA records fit no more`;
  const keep: Remedy = {
    who: 'mail-provider',
    do: `Renew the certificate of ${host.name} with the same key (certbot: --reuse-key).`,
  };
  const fix = record.selector === 0 ? [next] : [keep, next];
  return [{ id: 'dane.rollover-not-ready', at, what, breaks: WITH_DANE, evidence, fix }];
}

/** First nobody new finds the policy, then those who remember it forget it. */
function ofPolicyHost({ fetched }: Recording, { facts, target }: CheckCase): readonly FutureEvent[] {
  if (target.kind !== 'domain' || facts?.sts.kind !== 'policy') return [];
  const outcome = fetched.find(({ domain }) => domain === target.domain)?.outcome;
  const leaf = outcome?.kind === 'answered' ? outcome.answer.tls.chain[0] : undefined;
  const summary = leaf === undefined ? undefined : summarizeCertificate(leaf);
  if (summary?.kind !== 'ok') return [];
  const { maxAgeSeconds } = facts.sts.known.policy;
  const at = summary.value.notAfter;
  const host = `mta-sts.${target.domain}`;
  const fix: readonly Remedy[] = [
    {
      who: 'web-host',
      do: `Renew the certificate of ${host}.`,
      verify: `curl -i ${policyUrl(target.domain)}`,
    },
  ];
  const evidence = [`${summary.value.subject || 'no subject'}, issued by ${summary.value.issuer}`, ends(at)];
  return [
    {
      id: 'mtasts.policy.cert-expired',
      at,
      what: `the certificate of ${host} ends: senders that do not remember the policy find none`,
      breaks: [...WITH_STS, 'mtasts.policy.cert-expired'],
      evidence,
      fix,
    },
    {
      id: 'mtasts.policy.cert-expired',
      at: at + maxAgeSeconds * 1000,
      what: 'the last senders forget the MTA-STS policy, and mail is unprotected',
      breaks: WITH_STS,
      evidence: [...evidence, `max_age: ${maxAgeSeconds}`],
      fix,
    },
  ];
}

/** A policy that is only remembered, as it cannot be had any more. */
function ofMemory({ facts, target }: CheckCase): readonly FutureEvent[] {
  if (target.kind !== 'domain' || facts?.sts.kind !== 'policy') return [];
  const { known, report } = facts.sts;
  if (report?.fallback !== true) return [];
  return [
    {
      id: 'mtasts.record-without-policy',
      at: known.expiresAt,
      what: `the MTA-STS policy that is remembered of ${target.domain} ends, and cannot be fetched again`,
      breaks: WITH_STS,
      evidence: [report.because, `id ${known.id}, mode ${known.policy.mode}`],
      fix: [
        {
          who: 'web-host',
          do: `Serve the policy again at ${policyUrl(target.domain)}.`,
          verify: `waxwing check ${target.domain} --only mtasts`,
        },
      ],
    },
  ];
}

/** Signatures of DNS, those with the same end together: of what is the target's own, or leads to its mail hosts. */
function ofSignatures({ answers }: Recording, { target, hosts }: CheckCase): readonly FutureEvent[] {
  const own = target.kind === 'domain' ? [target.domain] : [];
  const places = [...own, ...hosts.flatMap(({ facts }) => facts?.host ?? [])];
  const byEnd = new Map<string, { seconds: number; isCaa: boolean; names: string[] }>();
  for (const { question, signedUntil } of answers) {
    const at = parseDomain(showName(question.name));
    const isTheirs = at.kind === 'ok' && places.some((place) => isWithin(at.value, place));
    if (signedUntil === null || !isTheirs) continue;
    const name = `${showName(question.name)} ${showType(question.type)}`;
    // Senders of mail do not ask for CAA records.
    const isCaa = question.type === types.CAA;
    const kept = byEnd.get(`${isCaa} ${signedUntil}`) ?? { seconds: signedUntil, isCaa, names: [] };
    kept.names.push(name);
    byEnd.set(`${isCaa} ${signedUntil}`, kept);
  }
  return [...byEnd.values()].map(({ seconds, isCaa, names }) => ({
    id: 'dnssec.rrsig-expiring',
    at: seconds * 1000,
    what: `signatures of DNS end, if nobody signs anew by then: ${showList([...new Set(names)].slice(0, 4))}`,
    breaks: [isCaa ? 'authorities that are to issue certificates' : 'every sender whose resolver validates'],
    evidence: [...new Set(names)].slice(0, 10),
    fix: [
      {
        who: 'dns-owner',
        do: 'See to it that the zone is signed anew by itself, well before that.',
        verify: verifyOf(names[0]),
      },
    ],
  }));
}

function verifyOf(place: string | undefined): string {
  const [name = '', type = ''] = (place ?? '').split(' ');
  return `waxwing resolve ${parseDomain(name).kind === 'ok' ? name : '.'} ${type}`;
}

function ends(at: number): string {
  return `ends at ${formatMoment(Math.floor(at / 1000))}`;
}
