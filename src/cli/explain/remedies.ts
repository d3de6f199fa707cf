/** Words that the remedies of several problems share. */
import { types } from '../../dns/record.ts';
import type { Explanation } from '../../events/explanation.ts';
import { type Domain, isWithin } from '../../names/domain.ts';
import { type Explained, isBogus } from './explained.ts';
import { showAge } from './words.ts';

export type Problem = Explanation['problems'][number];
export type Fix = Problem['fix'][number];

export function owner(what: string): Fix {
  return { who: 'domain-owner', do: what, command: null };
}

export function sender(what: string, command: string | null = null): Fix {
  return { who: 'sender', do: what, command };
}

/** Who can change something at a mail host: the owner of the domain, or whoever takes the mail for him. */
export function hostOwner(host: Domain, domain: Domain, what: string): Fix {
  return { who: isWithin(host, domain) ? 'domain-owner' : 'mail-provider', do: what, command: null };
}

/** What whoever sends can find out about an answer that is missing or not proven. */
export function findOut(name: string, type: keyof typeof types, bogus: boolean): Fix {
  return sender(
    bogus
      ? 'See which link of the proof is broken. Ask another resolver too (--resolver ADDRESS): if the answer is secure there, somebody on the way to yours changes answers.'
      : 'See what was tried. If other domains fail too, look at your resolver (dns.resolver).',
    `waxwing resolve ${name} ${type}`,
  );
}

/**
 * TLS required by an operator's own word, with an end and a reason, and what that costs.
 *
 * @param when the sentence before it: in which case to do it.
 * @param until a duration as `waxwing policy override` reads it.
 */
export function requireTls(domain: Domain, until: string, when: string): Fix {
  return sender(
    `${when} Until it ends this stands in place of every policy for ${domain}, also of what the owner publishes meanwhile: TLS is required, but any host that DNS names and any certificate is taken.`,
    `waxwing policy override ${domain} encrypt --until ${until} --reason "…"`,
  );
}

/** How long mail can wait for a remedy. */
export function waitText({ giveUpAfterMs }: Pick<Explained, 'giveUpAfterMs'>): string {
  return `mail goes out by itself once this is repaired, unless it is ${showAge(giveUpAfterMs)} old by then (relay.give_up_after)`;
}

/** What is wrong with an answer, as a sentence that begins with its subject. */
export function faultOf(
  { answers }: Pick<Explained, 'answers'>,
  subject: string,
  name: string,
  ...asked: readonly (keyof typeof types)[]
): { readonly bogus: boolean; readonly says: string } {
  const bogus = isBogus(answers, name, ...asked.map((type) => types[type]));
  const says = bogus
    ? `${subject} should be proven by DNSSEC and are not (bogus): the zone is signed wrongly, or somebody on the way changes answers.`
    : `${subject} could not be learnt: nobody gave an answer that can be used.`;
  return { bogus, says };
}
