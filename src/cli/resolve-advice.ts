/** What an answer means for whoever asked, and what to do where something is wrong. Only words: nothing is decided here. */
import type { Answer, Link } from '../dns/answer.ts';
import { isAtOrBelow, type Name, root, showName } from '../dns/name.ts';
import { types } from '../dns/record.ts';
import { showType } from '../dns/show.ts';
import type { DnsConfig } from './config/config.ts';
import type { Notice } from './dns-notices.ts';

/** An answer, and what was known when it came. */
export interface Resolved {
  readonly answer: Answer;
  readonly mode: DnsConfig['dnssec'];
  /** All that could be asked, as messages name them. */
  readonly resolvers: readonly string[];
  /** Zones with a trust anchor. */
  readonly anchors: readonly Name[];
  /** What is wrong with the resolvers, as far as they were tested. */
  readonly notices: readonly Notice[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Advice {
  /** A few sentences. */
  readonly means: string;
  /** A sentence or two for each step, in the order in which they help. */
  readonly todo: readonly string[];
}

export function adviceOf(resolved: Resolved): Advice {
  const { notices } = resolved;
  // Why there was no answer, the answer itself says.
  const says = notices.flatMap((notice) => (notice.kind === 'unprovable' ? [notice.says] : []));
  return {
    means: [...says, meaningOf(resolved)].join(' '),
    todo: [...notices.map(({ remedy }) => remedy), ...stepsFor(resolved)],
  };
}

function meaningOf({ answer, mode, notices }: Resolved): string {
  switch (answer.status) {
    case 'secure':
      return mode === 'trust'
        ? 'The resolver says that it has proven this, and it is believed.'
        : 'Nobody between the zone and this host can have changed it.';
    case 'insecure':
      return unsignedMeaning(answer);
    case 'bogus':
      return bogusMeaning(answer, mode);
    case 'indeterminate':
      if (answer.kind !== 'unknown')
        return 'It is as good as the resolver and the way to it: nobody has proven it.';
      if (mode === 'validate' && notices.some(({ kind }) => kind === 'unprovable')) {
        return 'A relay behind such resolvers takes their answers as they are, as if nothing were signed.';
      }
      return 'Whether there is such a record is not known: this is no "no", and mail that depends on it waits.';
  }
}

function unsignedMeaning({ kind, question }: Answer): string {
  if (kind === 'unknown')
    return 'It is not signed, and there was no answer: this is no "no", and mail that depends on it waits.';
  const means = 'It is not signed: somebody on the way can have changed it, and nobody would notice.';
  // RFC 7672 §2.2.
  return question.type === types.TLSA ? `${means} TLSA records without proof are not used for mail.` : means;
}

function bogusMeaning(answer: Answer, mode: Resolved['mode']): string {
  const unused = 'Nothing of it is used, and this is no "no": mail that depends on it waits.';
  if (mode === 'trust') return `The resolver has found that the proof is wrong. ${unused}`;
  const link = brokenLink(answer);
  if (isFirst(answer, link)) {
    return `The clock of this host is wrong, its trust anchor is out of date, or somebody on the way changes answers. ${unused}`;
  }
  const whose = link === undefined ? 'the zone' : zoneOf(link, answer.chain);
  return `Either somebody on the way changes answers, or ${whose} is signed wrongly. ${unused}`;
}

function brokenLink({ chain }: Answer): Link | undefined {
  return chain.find(({ status }) => status === 'bogus');
}

/** Whether the way is broken where it begins: then nothing at all can be proven. */
function isFirst({ chain }: Answer, link: Link | undefined): boolean {
  return link?.kind === 'keys' && link.name === chain.find(({ kind }) => kind === 'anchor')?.name;
}

/** The zone whose signatures or keys are in doubt. */
function zoneOf(link: Link, chain: readonly Link[]): string {
  if (link.kind === 'keys') return zoneText(link.name);
  const before = chain.slice(0, chain.indexOf(link)).findLast(({ kind }) => kind === 'keys');
  return before === undefined ? 'the zone' : zoneText(before.name);
}

function stepsFor(resolved: Resolved): readonly string[] {
  const { answer, mode, anchors, notices } = resolved;
  if (answer.status === 'bogus') return bogusSteps(resolved);
  if (answer.kind !== 'unknown' || notices.length > 0) return [];
  if (mode === 'validate' && !anchors.some((zone) => isAtOrBelow(answer.question.name, zone))) {
    const covered = anchors.map(zoneText).join(', ');
    return [
      `Give a trust anchor that is above the name, with dns.trust_anchor (--trust-anchor): there is one for ${covered}.`,
    ];
  }
  const held = answer.errors.some(({ code }) => code >= FIRST_BOGUS && code <= LAST_BOGUS)
    ? ['The resolver finds the answer bogus and keeps it to itself, although it was told not to check (CD).']
    : [];
  return [
    ...held,
    `Ask another resolver: ${command(answer)} --resolver ADDRESS.`,
    'Ask again later: the servers of the zone may be down.',
  ];
}

/** RFC 8914 §4.7 to §4.13. */
const FIRST_BOGUS = 6;
const LAST_BOGUS = 12;

function bogusSteps({ answer, mode, resolvers, now }: Resolved): readonly string[] {
  if (mode !== 'validate') return [`See which link is broken: ${command(answer)} --dnssec validate.`];
  const broken = brokenLink(answer);
  const at = new Date(now).toISOString().replace(/\.\d+/, '');
  const clock = `Compare the clock of this host, which says ${at}: signatures have a beginning and an end.`;
  const other = `Ask another resolver, best from another network: ${command(answer)} --resolver ADDRESS. If that is secure, ${resolvers.join(' or ')}, or somebody on the way to it, changes answers.`;
  if (broken === undefined) return [other, clock];
  if (isFirst(answer, broken)) {
    return [
      clock,
      other,
      `Look whether the trust anchor of ${zoneText(broken.name)} is still the right one.`,
    ];
  }
  return [other, `If it is bogus there too, ${ownerStep(broken, answer.chain)}`, clock];
}

function ownerStep(broken: Link, chain: readonly Link[]): string {
  if (broken.kind === 'keys') {
    return `tell whoever runs ${zoneText(broken.name)}: the DS in the zone above has to name a key that signs its DNSKEY records, and signatures have to be renewed before they run out.`;
  }
  return `tell whoever runs ${zoneOf(broken, chain)}: what it says of ${showName(broken.name)} ${showType(broken.type)} has to be signed anew.`;
}

function command({ question }: Answer): string {
  return `waxwing resolve ${showName(question.name)} ${showType(question.type)}`;
}

/** A zone in a sentence. */
export function zoneText(name: Name): string {
  return name === root ? 'the root' : showName(name);
}
