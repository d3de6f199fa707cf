/** DMARC of a message: mailauth's evaluation, and what it leaves open. RFC 9989 §5. */
import type { DKIMVerifyResult, DMARCResult, DNSResolver } from 'mailauth';
import type { DkimResult, DmarcPolicy, DmarcResult, SpfResult } from '../../mail/authentication-results.ts';
import type { EvaluationParts, Judged } from './evaluate.ts';

/** What the verdict needs beside the result. */
export interface DmarcFindings {
  /** There are authors, and no single domain of theirs: several From fields, several domains, an odd address. */
  readonly unclearAuthor: boolean;
  /** The record asks for its policy for a part of the mail only (`pct`, historic by RFC 9989 Appendix A.6). */
  readonly partial: boolean;
}

interface Found {
  readonly spf: SpfResult;
  readonly results: readonly DkimResult[];
  readonly verified: DKIMVerifyResult | undefined;
  readonly ask: DNSResolver;
}

type Library = Pick<typeof import('mailauth'), 'dmarc'>;

/** Never rejects. */
export async function judgeDmarc(
  mailauth: Library,
  { onError }: Pick<EvaluationParts, 'onError'>,
  { id }: Pick<Judged, 'id'>,
  found: Found,
): Promise<{ readonly result: DmarcResult; readonly findings: DmarcFindings }> {
  const findings = { unclearAuthor: false, partial: false };
  if (found.verified === undefined) return { result: unknownBy('the header could not be read'), findings };
  const { headerFrom, fromFields } = found.verified;
  try {
    const told = await askDmarc(mailauth, found, false);
    if (told === false) {
      const unclearAuthor = fromFields > 1 || headerFrom.length > 0;
      const because = unclearAuthor ? 'not one author domain' : 'no author';
      return {
        result: { result: 'permerror', from: null, policy: null, because },
        findings: { ...findings, unclearAuthor },
      };
    }
    return {
      result: await settled(mailauth, found, told),
      findings: { ...findings, partial: isPartial(told.rr) },
    };
  } catch (error) {
    onError(`DMARC of message ${id}`, error);
    return { result: unknownBy('an error of the checker'), findings };
  }
}

function unknownBy(because: string): DmarcResult {
  return { result: 'temperror', from: null, policy: null, because };
}

/** mailauth's `fail` says that nothing passed; what nobody knows may have. */
async function settled(mailauth: Library, found: Found, told: DMARCResult): Promise<DmarcResult> {
  const from = told.status.header?.from ?? null;
  const { result } = told.status;
  const policy = policyOf(told.policy);
  if (result === 'pass' || result === 'none') return { result, from, policy, because: null };
  if (result === 'temperror')
    return { result, from, policy, because: told.error ?? 'no answer from the DNS' };
  const open = isOpen(found) ? await askDmarc(mailauth, found, true) : false;
  if (open !== false && open.status.result !== 'fail')
    return { result: 'temperror', from, policy, because: 'what would pass could not be looked up' };
  return { result: 'fail', from, policy, because: null };
}

function isOpen({ spf, results }: Found): boolean {
  return spf.result === 'temperror' || results.some(({ result }) => result === 'temperror');
}

/** @param charitable what nobody knows counts as passed. */
function askDmarc(
  { dmarc }: Library,
  { spf, results, verified, ask }: Found,
  charitable: boolean,
): Promise<DMARCResult | false> {
  const counts = (result: string): boolean => result === 'pass' || (charitable && result === 'temperror');
  return dmarc({
    headerFrom: verified?.headerFrom ?? [],
    ...(verified && { fromFields: verified.fromFields }),
    spfDomains: counts(spf.result) ? [spf.domain] : [],
    dkimDomains: results
      .filter(({ result }) => counts(result))
      .map(({ domain, uncovered: underSized }) => ({ domain, underSized })),
    resolver: ask,
    strict: true,
  });
}

const policies: readonly DmarcPolicy[] = ['none', 'quarantine', 'reject'];

/** Undefined by mailauth where there is no record. */
function policyOf(said: string | undefined): DmarcPolicy | null {
  return policies.find((one) => one === said) ?? null;
}

function isPartial(record: string | undefined): boolean {
  const part = /;\s*pct\s*=\s*(\d+)/i.exec(record ?? '')?.[1];
  return part !== undefined && Number(part) < 100;
}
