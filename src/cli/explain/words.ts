/** The words for people of an explanation: what becomes of mail, what a layer is, who can change something. */
import type { Explanation } from '../../events/explanation.ts';
import type { OnBlocked } from '../../policies/overrides/rule.ts';
import type { Explained } from './explained.ts';

type Host = Explanation['mx'][number];
type LayerName = Explanation['layers'][number]['layer'];

/** In a few words, behind its name. */
export const layerNames: Readonly<Record<LayerName, string>> = {
  override: 'the word of an operator of this sender',
  message: 'what the message itself asks for',
  dane: 'TLSA records of the mail host, proven by DNSSEC',
  sts: 'the MTA-STS policy of the domain',
  list: 'the policy list that this sender goes by',
  memory: 'what was seen before',
  default: 'the level for every domain',
};

/** What it is, for whoever reads of it for the first time. */
export const aboutLayer: Readonly<Record<LayerName, string>> = {
  override:
    'set by an operator of this sender: an override, or "tls" of a [[rule]], a [[route]] or a [[domain]]',
  message: 'what the message itself asks for',
  dane: 'DANE: each mail host says in signed DNS, by TLSA records, which certificate is its own',
  sts: 'MTA-STS: the domain says over HTTPS which hosts take its mail; announced by a TXT record',
  list: 'a signed list of policies, by which this sender goes (list.keys)',
  memory: 'what sessions with the mail hosts have reached so far, and have to reach again ([memory])',
  default: 'set by the operator of this sender for every domain: relay.tls',
};

export function aboutWho(who: Explanation['problems'][number]['fix'][number]['who'], domain: string): string {
  switch (who) {
    case 'domain-owner':
      return `the owner of ${domain}`;
    case 'mail-provider':
      return 'whoever runs the mail host';
    case 'sender':
      return 'you, the sender';
  }
}

export interface Outcome {
  /** The word that counts. */
  readonly word: string;
  /** What follows it, to the end of the sentence. */
  readonly rest: string;
}

/** What becomes of mail at once for which the required TLS cannot be had. */
export const GIVEN_UP: Record<Exclude<OnBlocked, 'hold'>, string> = {
  bounce: 'returned to its sender at once (on_blocked)',
  drop: 'given up without a word to its sender (on_blocked)',
};

export function outcomeOf(
  explanation: Explanation,
  { giveUpAfterMs, onBlocked }: Pick<Explained, 'giveUpAfterMs' | 'onBlocked'>,
): Outcome {
  const { decision, mx, forbidden } = explanation;
  switch (decision) {
    case 'deliver':
      return { word: 'delivered', rest: deliveredHow(mx.filter(({ usable }) => usable)) };
    case 'defer': {
      if (forbidden && onBlocked !== 'hold') {
        const rest = `: a policy rules out every mail host, and after a second look it is ${GIVEN_UP[onBlocked]}.`;
        return { word: 'not delivered now', rest };
      }
      const end = `returned to its sender after ${showAge(giveUpAfterMs)} (relay.give_up_after)`;
      const rest = `: it waits, ${obstacleOf(explanation)}. It is tried again, and ${end}.`;
      return { word: 'not delivered now', rest };
    }
    case 'refuse':
      return {
        word: 'refused',
        rest: ': this relay returns it to its sender at once, as no later try would help.',
      };
  }
}

/** Why it waits. */
function obstacleOf({ forbidden, by }: Explanation): string {
  if (forbidden) return 'as a policy rules out every mail host';
  switch (by) {
    case null:
      return 'as DNS gives no answer about its mail hosts that can be used';
    case 'dane':
      return 'as nothing proves what TLSA records its mail hosts have, or that they have none';
    default:
      return 'as a login is not said where TLS is not required';
  }
}

/** A length of time, in the largest unit that measures it without a rest. */
export function showAge(ms: number): string {
  const seconds = ms / 1000;
  const [size, unit] = UNITS.find(([one]) => seconds % one === 0) ?? [1, 'second'];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
] as const;

function deliveredHow(hosts: readonly Host[]): string {
  const demands = [...new Set(hosts.map(demandOf))];
  const [only = ''] = demands;
  if (demands.length === 1) return `, ${only.startsWith('only') ? 'but ' : ''}${only}.`;
  return `. What is required depends on the host: ${hosts.map((host) => `${host.host}: ${demandOf(host)}`).join('; ')}.`;
}

/** How mail goes to a host, as a part of a sentence. */
export function demandOf({
  usable,
  requires,
  by,
  tries,
  tlsa,
  provesName,
  half,
  match,
  ...host
}: Host): string {
  if (!usable) return host.addresses.length > 0 || host.forbidden ? 'must not be used' : 'cannot be used now';
  switch (requires) {
    case 'none':
      return tries ? 'over TLS where the host offers it, else in clear' : 'in clear, TLS is not even tried';
    case 'encrypt':
      return 'only over TLS, with whatever certificate the host has';
    case 'authenticate': {
      if (by === 'sts') {
        return 'only over TLS, and only to a host that the policy lists and whose certificate is valid for its name';
      }
      if (by === 'list') {
        return 'only over TLS, and only to a host that the policy list names and whose certificate is valid for its name';
      }
      const name = `a valid certificate for ${match.join(' or ')}`;
      if (by !== 'dane') {
        const record = tlsa.length > 0 ? ', or one that matches a TLSA record of the host' : '';
        return `only over TLS, and only to a host with ${name}${record}`;
      }
      const how = 'only over TLS, and only to a host whose certificate matches its TLSA records (DANE)';
      if (provesName) return `${how} and is valid for ${match.join(' or ')}`;
      return half
        ? `${how}; a forged MX record could name another, where this does not hold (half-DANE)`
        : how;
    }
  }
}

/** The codes of OpenSSL that are seen most, in words. */
const MEANINGS: readonly (readonly [code: RegExp, words: string])[] = [
  [
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT/,
    'an intermediate certificate is missing, or no known authority has issued it',
  ],
  [/SELF_SIGNED_CERT/, 'it is signed by itself or by an authority that is not known'],
  [/CERT_HAS_EXPIRED/, 'it has expired'],
  [/CERT_NOT_YET_VALID/, 'it is not valid yet'],
];

/** A sentence, with the meaning of the code that stands in it. */
export function inWords(because: string): string {
  const words = MEANINGS.find(([code]) => code.test(because))?.[1];
  return words === undefined ? because : `${because}, that is, ${words}`;
}
