/** Words that the remedies of several problems share. */
import { types } from '../../dns/record.ts';
import { type Domain, isWithin } from '../../names/domain.ts';
import { type Explained, isBogus } from './explained.ts';
import { type Fix, sender } from './problems.ts';

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

/** The exception that an operator can make, with an end and a reason. */
export function override(domain: Domain, level: 'may' | 'encrypt', until: string): string {
  return `waxwing policy override ${domain} ${level} --until ${until} --reason "…"`;
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
