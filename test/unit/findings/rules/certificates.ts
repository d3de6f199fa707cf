/** Findings about one certificate, as their tests ask for them. */
import assert from 'node:assert/strict';
import type { CheckCase, PolicyAtHost } from '../../../../src/findings/case.ts';
import type { ObservedTls } from '../../../../src/findings/observation.ts';
import { certFindings } from '../../../../src/findings/rules/cert.ts';
import type { CertificateSpec } from '../../../support/chains.ts';
import {
  type ChainOptions,
  chainFor,
  observe,
  only,
  tlsSeen,
  underPolicy,
} from '../../../support/observations.ts';

export type Findings = ReturnType<typeof certFindings>;
export const policies: readonly PolicyAtHost[] = ['none', 'sts-testing', 'sts-enforce', 'dane-ta', 'dane-ee'];

export const seenWith = (tls: Partial<ObservedTls>): ReturnType<typeof observe> =>
  observe({ base: { tls: tlsSeen(tls) } });
export const under = (
  policy: PolicyAtHost,
  tls: Partial<ObservedTls>,
  change: Partial<CheckCase> = {},
): Findings => certFindings(underPolicy(policy, [seenWith(tls)], change));
export const found = (
  chain: readonly Uint8Array[],
  path: ObservedTls['path'] = { kind: 'trusted' },
): Findings => under('none', { chain, path });
export const leaf = (spec: CertificateSpec, options: ChainOptions = {}): readonly Buffer[] =>
  chainFor({ ...options, spec });
export const untrusted = (code: string): ObservedTls['path'] => ({ kind: 'untrusted', code });

/** The severity of the one finding of that id under each policy. */
export function severities(
  id: string,
  tls: Partial<ObservedTls>,
  change: Partial<CheckCase> = {},
): Record<string, string> {
  return Object.fromEntries(
    policies.map((policy) => {
      const [finding] = only(under(policy, tls, change), id);
      assert.notEqual(finding?.state, 'pass', policy);
      return [policy, finding?.severity ?? 'none'];
    }),
  );
}

export const asVerified = (none: string): Record<string, string> => ({
  none,
  'sts-testing': 'medium',
  'sts-enforce': 'critical',
  'dane-ta': 'critical',
  'dane-ee': 'info',
});
