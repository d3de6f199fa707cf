/** What there is of MTA-STS at a domain: its record, its policy host, and what that serves. */
import type { Answer } from '../../dns/answer.ts';
import { nameOf } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { readTxt } from '../../dns/records.ts';
import { type Domain, parseDomain } from '../../names/domain.ts';
import type { DestinationFacts } from '../../policies/destination.ts';
import { all, fetchPolicy, type PolicyLookUp, recall, resolve } from '../../policies/look-ups.ts';
import type { StsEntry } from '../../policies/mta-sts/cache.ts';
import { type Fetched, judgeFetch } from '../../policies/mta-sts/fetched.ts';
import { parsePolicy, type StsPolicy } from '../../policies/mta-sts/policy.ts';
import { stsRecordName } from '../../policies/mta-sts/record.ts';
import type { PolicyFetch } from '../recording.ts';

export interface StsSeen {
  readonly domain: Domain;
  readonly facts: DestinationFacts;
  /** `mta-sts.` and the domain. */
  readonly policyHost: Domain;
  /** What is at `_mta-sts.` and the domain. */
  readonly txt: Answer;
  /** The TXT records there, their strings joined; none where one cannot be read. */
  readonly texts: readonly string[];
  /** Of the policy host: for A and AAAA. */
  readonly addresses: readonly Answer[];
  /** null: nobody was asked, as nothing leads there. */
  readonly fetched: { readonly outcome: PolicyFetch; readonly judged: Fetched } | null;
  /**
   * What is served now, also where the record or the media type keeps senders from it; undefined where it is no policy, or
   * where a redirect, a certificate or the like hides what it is.
   */
  readonly served: StsPolicy | undefined;
  /** What the data folder knew before. */
  readonly before: StsEntry | undefined;
}

/** Where the policy of a domain is served. */
export function policyUrl(domain: Domain): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
}

/** @returns undefined where the domain is too long to have a policy. */
export function* gatherSts(facts: DestinationFacts): PolicyLookUp<StsSeen | undefined> {
  const { domain } = facts;
  const [recordName, host] = [stsRecordName(domain), parseDomain(`mta-sts.${domain}`)];
  if (recordName.kind !== 'ok' || host.kind !== 'ok') return undefined;
  const policyHost = host.value;
  const [txt, ...addresses] = yield* all([
    resolve({ name: nameOf(recordName.value), type: types.TXT }),
    resolve({ name: nameOf(policyHost), type: types.A }),
    resolve({ name: nameOf(policyHost), type: types.AAAA }),
  ]);
  if (txt === undefined) throw new Error('the driver left a dialogue out');
  const { sts: before } = yield* recall(domain);
  const leadsThere = facts.sts.record.kind === 'found' || addresses.some(({ kind }) => kind === 'found');
  const outcome = leadsThere ? yield* fetchPolicy(domain) : undefined;
  const judged = outcome && judgeFetch(outcome);
  return {
    domain,
    facts,
    policyHost,
    txt,
    texts: textsOf(txt),
    addresses,
    fetched: outcome === undefined || judged === undefined ? null : { outcome, judged },
    served: judged?.kind === 'fetched' ? judged.policy : outcome && policyBehind(outcome),
    before,
  };
}

/** The policy in an answer that senders do not take, as its media type is another. */
function policyBehind(outcome: PolicyFetch): StsPolicy | undefined {
  if (outcome.kind !== 'answered' || outcome.answer.status !== 200) return undefined;
  const parsed = parsePolicy(outcome.answer.body);
  return parsed.kind === 'ok' ? parsed.policy : undefined;
}

/** TXT records of an answer, the strings of each joined; one that is malformed has none. */
export function textsOf(answer: Answer): readonly string[] {
  return answer.kind === 'found' ? answer.records.flatMap((data) => readTxt(data)?.join('') ?? []) : [];
}
