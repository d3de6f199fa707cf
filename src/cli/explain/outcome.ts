/** What becomes of mail, in one plain sentence. */
import type { Explanation } from '../../events/explanation.ts';

type Host = Explanation['mx'][number];

export interface Outcome {
  /** The word that counts. */
  readonly word: string;
  /** What follows it, to the end of the sentence. */
  readonly rest: string;
}

export function outcomeOf({ decision, forbidden, mx }: Explanation): Outcome {
  switch (decision) {
    case 'deliver':
      return { word: 'delivered', rest: deliveredHow(mx.filter(({ usable }) => usable)) };
    case 'defer': {
      const kept = forbidden ? ', as a policy rules out every mail host' : '';
      const rest = `: it waits${kept}. It is tried again, and returned to its sender when it is too old.`;
      return { word: 'not delivered now', rest };
    }
    case 'refuse':
      return { word: 'refused', rest: '. It is returned to its sender at once, as no later try would help.' };
  }
}

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
      const name = `a valid certificate for ${match.join(' or ')}`;
      if (by !== 'dane') {
        const record = tlsa.length > 0 ? ', or one that matches a TLSA record of the host' : '';
        return `only over TLS, and only to a host with ${name}${record}`;
      }
      const how = 'only over TLS, and only to a host whose certificate matches its TLSA records (DANE)';
      if (provesName) return `${how} and is valid for ${match.join(' or ')}`;
      return half ? `${how}; that it is the right host is not proven (half-DANE)` : how;
    }
  }
}
