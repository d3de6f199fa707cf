/** DMARC records, read exactly: what receivers do with mail that only claims to come from a domain. RFC 9989 §4.7, §4.8. */
import { type ReportUri, readReportUris } from './report-uris.ts';
import { readTags } from './tags.ts';

const policies = ['none', 'quarantine', 'reject'] as const;
type DmarcPolicy = (typeof policies)[number];

export interface DmarcRecord {
  /**
   * What receivers do with mail of the domain itself. `ignored`: nothing, as if there were no record, because the policy is
   * wrong and no report is asked for (RFC 9989 §4.10.1).
   */
  readonly policy: DmarcPolicy | 'ignored';
  /** For subdomains, where it is said. */
  readonly subdomains: DmarcPolicy | null;
  /** t=y: the owner asks that the policy be only reported on, not applied. */
  readonly testing: boolean;
  /** psd: `y` for a public suffix, `n` for an organization of its own. */
  readonly psd: 'y' | 'n' | 'u';
  /** The percentage of RFC 7489, which RFC 9989 has no more; null where it is not there. */
  readonly percentage: string | null;
  readonly reportsTo: readonly ReportUri[];
  /** What is not as the RFC has it, a sentence each without its full stop; receivers ignore it or take the default. */
  readonly problems: readonly string[];
}

/** Whether a TXT record is one of DMARC: "the only possible value is "DMARC1"", in these letters (RFC 9989 §4.7). */
export function isDmarc(text: string): boolean {
  return /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/** The values that a tag may have, where there are only a few. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  p: policies,
  sp: policies,
  np: policies,
  t: ['y', 'n'],
  psd: ['y', 'n', 'u'],
  adkim: ['r', 's'],
  aspf: ['r', 's'],
};

/** Reads a record that {@link isDmarc}; unknown tags are ignored, as they have to be. */
export function parseDmarc(text: string): DmarcRecord {
  const { values, problems } = readTags(text);
  const wrong = Object.entries(allowed).flatMap(([tag, words]) => {
    const value = values.get(tag);
    if (value === undefined || words.includes(value.toLowerCase())) return [];
    return [`${tag} is ${JSON.stringify(value.slice(0, 40))}, and can be ${words.join(', ')}`];
  });
  const rua = readReportUris(values.get('rua') ?? null);
  const ruf = readReportUris(values.get('ruf') ?? null);
  return {
    policy: policyOf(values, rua.uris),
    subdomains: wordOf(values.get('sp')) ?? null,
    testing: values.get('t')?.toLowerCase() === 'y',
    psd: psdOf(values.get('psd')),
    percentage: values.get('pct') ?? null,
    reportsTo: rua.uris,
    problems: [...problems, ...wrong, ...rua.problems, ...ruf.problems],
  };
}

/**
 * RFC 9989 §4.10.1: without a valid "p", or with an invalid "sp" or "np", a record that asks for reports counts as
 * "p=none", and another one not at all. A "p" that is missing is "none" (§4.7).
 */
function policyOf(values: ReadonlyMap<string, string>, rua: readonly ReportUri[]): DmarcPolicy | 'ignored' {
  const [p, sp, np] = ['p', 'sp', 'np'].map((tag) => values.get(tag));
  const isWrong = [p, sp, np].some((value) => value !== undefined && wordOf(value) === undefined);
  if (isWrong) return rua.length > 0 ? 'none' : 'ignored';
  return wordOf(p) ?? 'none';
}

function wordOf(value: string | undefined): DmarcPolicy | undefined {
  const lower = value?.toLowerCase();
  return policies.find((policy) => policy === lower);
}

function psdOf(value: string | undefined): 'y' | 'n' | 'u' {
  const lower = value?.toLowerCase();
  return lower === 'y' || lower === 'n' ? lower : 'u';
}
