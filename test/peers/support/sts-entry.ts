/** What is kept of a policy that was fetched. */
import assert from 'node:assert/strict';
import type { Domain } from '../../../src/names/domain.ts';
import { afterFetch, type StsEntry } from '../../../src/policies/mta-sts/cache.ts';
import { parsePolicy } from '../../../src/policies/mta-sts/policy.ts';

/** The row of a policy with the id `kept`, fetched an hour before `now` for a week. */
export function stsEntry(
  domain: Domain,
  mode: 'enforce' | 'testing',
  mx: readonly string[],
  now: number,
): StsEntry {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), 'max_age: 604800', ''];
  const parsed = parsePolicy(Buffer.from(lines.join('\n')));
  if (parsed.kind !== 'ok') return assert.fail(parsed.because);
  const attempt = { domain, id: 'kept', now: now - 3_600_000, jitter: 0, used: true };
  return afterFetch(undefined, parsed.policy, attempt);
}
