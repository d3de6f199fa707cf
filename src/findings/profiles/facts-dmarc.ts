/** Facts of DMARC records that findings do not tell apart: whether nothing is less than reject, and where reports go. */
import type { Domain } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { showTxt } from '../ask.ts';
import type { CheckCase } from '../case.ts';
import type { DmarcRecord } from '../records/dmarc.ts';
import { type ReportUri, readReportUris } from '../records/report-uris.ts';
import { readTags } from '../records/tags.ts';
import { policyStep, walkDmarc } from '../rules/dmarc-walk.ts';
import { targetScope } from './doors.ts';
import type { Verdict } from './profile.ts';

/** The record that holds for a domain. */
interface Standing {
  readonly domain: Domain;
  /** Where it stands: the domain, or one above it. */
  readonly at: Domain;
  readonly text: string;
  readonly record: DmarcRecord;
}

/** All mail that fails has to be refused, that of subdomains, too: no percentage, no test, and no weaker `sp`. */
export function* dmarcReject(theCase: CheckCase): PolicyLookUp<readonly Verdict[]> {
  return yield* byRecord(theCase, ({ domain, at, record }) => {
    const { policy, subdomains, percentage, testing } = record;
    const own = at === domain ? policy : (subdomains ?? policy);
    return [
      ...(own === 'reject'
        ? []
        : [`for ${domain} it asks for ${own === 'ignored' ? 'nothing' : own}, not for reject`]),
      ...(subdomains === null || subdomains === 'reject' ? [] : [`for subdomains it asks for ${subdomains}`]),
      ...(percentage === null || percentage === '100'
        ? []
        : [`it is for a part of the mail: pct=${percentage}`]),
      ...(testing ? ['it is only a test: t=y'] : []),
    ];
  });
}

/** Somebody, or the mailbox that is named, gets reports. */
export function* dmarcReports(
  theCase: CheckCase,
  mailbox: string | undefined,
): PolicyLookUp<readonly Verdict[]> {
  return yield* byRecord(theCase, ({ text, record }) => {
    const failures = readReportUris(readTags(text).values.get('ruf') ?? null).uris;
    if (mailbox === undefined)
      return record.reportsTo.length + failures.length > 0
        ? []
        : ['nobody gets reports: there is no rua, and no ruf'];
    return record.reportsTo.some((uri) => isTo(uri, mailbox)) ? [] : [`reports do not go to ${mailbox}`];
  });
}

function isTo(uri: ReportUri, mailbox: string): boolean {
  return uri.kind === 'mailto' && uri.mailbox.toLowerCase() === mailbox.toLowerCase();
}

/** @param faults what is wrong, sentences without their full stop. */
function* byRecord(
  theCase: CheckCase,
  faults: (standing: Standing) => readonly string[],
): PolicyLookUp<readonly Verdict[]> {
  const scope = targetScope(theCase);
  const { target } = theCase;
  if (target.kind !== 'domain') {
    const evidence = ['DMARC is of domains, and a server was named'];
    return [{ state: 'not-applicable', scope, evidence }];
  }
  const { domain } = target;
  const walk = yield* walkDmarc(domain);
  const step = policyStep(domain, walk);
  if (walk.unanswered !== null && step?.domain !== domain)
    return [{ state: 'not-tested', scope, evidence: [walk.unanswered.because] }];
  const [text = ''] = step?.candidates ?? [];
  if (step?.record === undefined || step.record === null) {
    const evidence = [`there is no DMARC record that counts for ${domain}`];
    return [{ state: 'not-met', scope, evidence }];
  }
  const wrong = faults({ domain, at: step.domain, text, record: step.record });
  const evidence = [showTxt(`_dmarc.${step.domain}`, text), ...wrong];
  return [{ state: wrong.length === 0 ? 'met' : 'not-met', scope, evidence }];
}
