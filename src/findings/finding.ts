/** What a check came to at one place. */
import type { IpAddress } from '../names/address.ts';
import { type CheckId, entryOf } from './catalogue.ts';
import type { CheckEntry, FindingState, Remedy, Severity } from './check.ts';

/** Where it was found; what is left out was not looked at one by one. */
export interface FindingScope {
  /** The domain asked about, or another one that is meant, such as a policy host. */
  readonly domain?: string;
  /** The mail host by name, or by address where it has no name. */
  readonly host?: string;
  readonly address?: IpAddress;
  readonly port?: number;
}

export interface Finding {
  readonly id: CheckId;
  readonly state: FindingState;
  /** Of this finding, under the policy in force; of one that passes, how bad its failure would be. */
  readonly severity: Severity;
  readonly scope: FindingScope;
  /** What was seen: lines of the dialogue (`C: …`, `S: …`), records, sentences. Never empty. */
  readonly evidence: readonly string[];
  readonly why: string;
  /** In the order in which it is done; empty for what passes. */
  readonly fix: readonly Remedy[];
  readonly reference: string;
  /** Milliseconds since 1970: when another try is worthwhile; null where the finding is no matter of time. */
  readonly retryAt: number | null;
}

/** What a finding has that its entry in the catalogue has not. */
export interface FindingDetails {
  readonly scope: FindingScope;
  readonly evidence: readonly [string, ...string[]] | readonly string[];
  /** Where a policy in force, or what was seen, makes it worse or better than the catalogue says. */
  readonly severity?: Severity;
  /** More exact than the catalogue's. */
  readonly why?: string;
  readonly fix?: readonly Remedy[];
  readonly reference?: string;
  readonly retryAt?: number;
}

/** Makes a finding; what the details leave out is the catalogue's. */
export function finding(id: CheckId, state: FindingState, details: FindingDetails): Finding {
  const entry: CheckEntry = entryOf(id);
  return {
    id,
    state,
    severity: details.severity ?? entry.severity,
    scope: details.scope,
    evidence: details.evidence,
    why: details.why ?? entry.why,
    fix: state === 'pass' ? [] : (details.fix ?? repairOf(id, state, details.scope)),
    reference: details.reference ?? entry.reference,
    retryAt: details.retryAt ?? null,
  };
}

/** What the catalogue says to do, about the place that is meant. Where nothing was found out there is nothing to repair yet. */
export function repairOf(id: CheckId, state: FindingState, scope: FindingScope): readonly Remedy[] {
  const { fix }: CheckEntry = entryOf(id);
  if (state !== 'not-tested' || fix.some(({ who }) => who === 'tester'))
    return fix.map((remedy) => remedyFor(remedy, scope));
  const { domain } = scope;
  const verify = domain === undefined ? {} : { verify: `waxwing check ${domain} --only ${id}` };
  return [{ who: 'tester', do: 'See why it could not be looked at, and check again.', ...verify }];
}

/** The words of the catalogue that stand for a host and a domain give way to those that are known. */
function remedyFor(remedy: Remedy, { domain, host }: FindingScope): Remedy {
  const named = (text: string): string => {
    const hosted = host === undefined ? text : text.replace(/\bmx\.example\.com\b/g, () => host);
    return domain === undefined ? hosted : hosted.replace(/\bexample\.(?:com|test)\b/g, () => domain);
  };
  const { lines, verify } = remedy;
  return {
    ...remedy,
    do: named(remedy.do),
    ...(lines === undefined ? {} : { lines: lines.map((line) => ({ ...line, text: named(line.text) })) }),
    ...(verify === undefined ? {} : { verify: named(verify) }),
  };
}

/** Whether something is to be done: it is wrong, weak, or could be there and is not. */
export function isProblem({ state }: Finding): boolean {
  return state === 'fail' || state === 'warn' || state === 'absent';
}
