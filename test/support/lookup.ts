/** Answers of DNS for tests in which nothing is proven. */
import type { Evidence, Lookup } from '../../src/net/dns.ts';

const unproven: Evidence = { dnssec: 'indeterminate', aliases: [] };

export function found<Value>(value: Value): Lookup<Value> {
  return { kind: 'found', value, ...unproven };
}

export function absent(what: 'no-such-name' | 'no-such-record'): Lookup<never> {
  return { kind: 'absent', what, ...unproven };
}
