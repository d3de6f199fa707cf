/** Which MX hosts a policy allows: RFC 8461 §4.1. */
import type { Domain } from '../../names/domain.ts';
import type { MxPattern, StsPolicy } from './policy.ts';

/**
 * Whether the name of an MX host is one of those that the pattern stands for.
 *
 * "the wildcard character "*" may only be used to match the entire left-most label in the presented identifier. Thus,
 * the mx pattern "*.example.com" matches "mail.example.com" but not "example.com" or "foo.bar.example.com"."
 */
export function matchesMx({ wildcard, domain }: MxPattern, host: Domain): boolean {
  return wildcard ? host.slice(host.indexOf('.') + 1) === domain && host !== domain : host === domain;
}

/** The first pattern of the policy that the host matches. */
export function matchingPattern(policy: StsPolicy, host: Domain): MxPattern | undefined {
  return policy.mx.find((pattern) => matchesMx(pattern, host));
}
