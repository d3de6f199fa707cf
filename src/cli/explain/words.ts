/** The words for people of an explanation: what a layer is, and who can change something. */
import type { Explanation } from '../../events/explanation.ts';

type LayerName = Explanation['layers'][number]['layer'];

/** In a few words, behind its name. */
export const layerNames: Readonly<Record<LayerName, string>> = {
  override: 'the word of an operator of this sender',
  message: 'what the message itself asks for',
  dane: 'TLSA records of the mail host, proven by DNSSEC',
  sts: 'the MTA-STS policy of the domain',
  list: 'a list of policies',
  memory: 'what was seen before',
  default: 'the level for every domain',
};

/** What it is, for whoever reads of it for the first time. */
export const aboutLayer: Readonly<Record<LayerName, string>> = {
  override: 'set by an operator of this sender: an override, or "tls" of a [[route]]',
  message: 'what the message itself asks for',
  dane: 'DANE: each mail host says in signed DNS, by TLSA records, which certificate is its own',
  sts: 'MTA-STS: the domain says over HTTPS which hosts take its mail; announced by a TXT record',
  list: 'a list of policies',
  memory: 'what was seen before',
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
