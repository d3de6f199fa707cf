/** A server with a chain of three, and the verdict on what it presents. */
import assert from 'node:assert/strict';
import type { TlsaSet } from '../../../../src/policies/dane/tlsa.ts';
import { type DaneNames, type DaneVerdict, verifyDane } from '../../../../src/policies/dane/verify.ts';
import { authority, certify, now, party, server } from '../../../support/chains.ts';
import { domain, setOf } from './records.ts';

export const [mx, middle, root] = [party('mx.example.test'), party('Middle'), party('Root')];
export const leaf = certify(mx, middle, { extensions: server('mx.example.test') });
export const intermediate = certify(middle, root, { extensions: authority });
export const top = certify(root, root, { extensions: authority });
/** Of somebody who has nothing to do with it. */
export const stranger = certify(party('Stranger'), party('Stranger'), { extensions: authority });

/** The names that count for a host that is its own base domain. */
export function names(base: string, ...nextHop: readonly string[]): DaneNames {
  return { base: domain(base), mx: domain(base), nextHop: nextHop.map(domain) };
}

/** @param set RDATA, or the records as they were sorted. */
export function verify(
  chain: readonly Uint8Array[],
  set: TlsaSet | readonly Uint8Array[],
  wanted: DaneNames = names('mx.example.test'),
  at = now,
): DaneVerdict {
  return verifyDane({ chain }, 'usable' in set ? set : setOf(...set), wanted, at);
}

/** Why nothing matches. */
export function because(verdict: DaneVerdict): string {
  return verdict.kind === 'no-match' ? verdict.because : assert.fail('it matches');
}
