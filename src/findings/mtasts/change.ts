/** What has changed since a policy was last seen here, and a policy that no record leads to. */
import { type Finding, finding } from '../finding.ts';
import { policyUrl, type StsSeen } from './gather.ts';
import { recordRemedy } from './publish.ts';
import { aliasOf, serveRightFile } from './right-file.ts';

/** Needs a data folder that has seen the domain before. */
export function changeFindings(seen: StsSeen, now: number): readonly Finding[] {
  return [...since(seen, now), ...orphan(seen, now)];
}

function since({ domain, served, before, facts, txt }: StsSeen, now: number): readonly Finding[] {
  const { record } = facts.sts;
  const known = before?.known ?? null;
  if (served === undefined || known === null || record.kind !== 'found') return [];
  const scope = { domain };
  const sameId = record.id === known.id;
  const sameText = served.lines.join('\n') === known.policy.lines.join('\n');
  const evidence = [
    `before: id ${known.id}, mode ${known.policy.mode}, max_age ${known.policy.maxAgeSeconds}`,
    `now: id ${record.id}, mode ${served.mode}, max_age ${served.maxAgeSeconds}`,
    sameText ? 'the file is the same' : 'the file is another one',
  ];
  const order = 'Give the record a new id, so that senders fetch the policy again.';
  const fix = [recordRemedy(domain, now, order, aliasOf(txt))];
  const unchanged =
    sameId && !sameText
      ? finding('mtasts.id-unchanged', 'fail', { scope, evidence, fix })
      : finding('mtasts.id-unchanged', 'pass', { scope, evidence });
  const idle =
    !sameId && sameText
      ? finding('mtasts.id-changed-policy-same', 'warn', { scope, evidence })
      : finding('mtasts.id-changed-policy-same', 'pass', { scope, evidence });
  return [unchanged, idle];
}

/** A file that is served, and no record that says so. */
function orphan(seen: StsSeen, now: number): readonly Finding[] {
  const { domain, served, facts } = seen;
  const { record } = facts.sts;
  if (served === undefined) return [];
  const scope = { domain };
  const evidence = [
    `${policyUrl(domain)} serves a policy: mode ${served.mode}`,
    ...(record.kind === 'found' ? [] : [record.because]),
  ];
  switch (record.kind) {
    case 'found':
      return [finding('mtasts.policy-without-record', 'pass', { scope, evidence })];
    case 'absent':
      return [
        finding('mtasts.policy-without-record', 'fail', {
          scope,
          evidence,
          fix: serveRightFile(seen, now, 'No sender has the policy yet, so it is tried out first.'),
        }),
      ];
    // What is wrong with the record has been said.
    case 'invalid':
    case 'unknown':
      return [];
  }
}
