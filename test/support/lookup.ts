/** Answers of DNS for tests in which nothing is proven. */
import type { Domain } from '../../src/names/domain.ts';
import type { Dns, Evidence, Lookup } from '../../src/net/dns.ts';
import type { MxFacts } from '../../src/policies/mx.ts';

/** The MX hosts of a domain, or its word that it takes no mail. */
export type MxAnswer =
  | Pick<Extract<MxFacts, { kind: 'hosts' }>, 'kind' | 'hosts'>
  | { readonly kind: 'null' };

/** What DNS is to say to a relay. */
export interface FakeDns extends Dns {
  mx(domain: Domain): Promise<Lookup<MxAnswer>>;
}

const unproven: Evidence = { dnssec: 'indeterminate', aliases: [] };

export function found<Value>(value: Value): Lookup<Value> {
  return { kind: 'found', value, ...unproven };
}

export function absent(what: 'no-such-name' | 'no-such-record'): Lookup<never> {
  return { kind: 'absent', what, ...unproven };
}
