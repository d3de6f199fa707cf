/** A check as a person reads it: what becomes of the mail, what to fix in which order, and what could not be tested. */
import { domainToUnicode } from 'node:url';
import type { CheckReport } from '../../events/check-report.ts';
import type { Recording } from '../../findings/recording.ts';
import type { Look } from '../terminal.ts';
import type { CalledWith } from './again.ts';
import { highlighted, labelled, page, titled } from './page.ts';
import { isProblem } from './repairs.ts';
import { detailLines } from './text-details.ts';
import {
  betterLines,
  fineLines,
  futureLines,
  moreLines,
  repairLines,
  untestedLines,
  wishLines,
} from './text-findings.ts';
import { profileLines } from './text-profile.ts';
import { hostLines, senderLines } from './text-senders.ts';
import { suiteBlocks } from './text-suites.ts';
import { outlookOf, verdictOf, workOf } from './verdict.ts';
import { showMoment } from './words.ts';

/** What the page depends on beside the report. */
export interface PageTerms {
  readonly look: Look;
  /** With which options, as the commands to paste have them, too. */
  readonly called: CalledWith;
  /** Whether only some checks were asked for. */
  readonly isPart: boolean;
}

/**
 * All of it, ending in a line break.
 *
 * @param recording where its transcripts are wanted.
 */
export function formatReport(report: CheckReport, terms: PageTerms, recording?: Recording): string {
  const { look, called, isPart } = terms;
  return page([
    headLines(report, isPart, look),
    senderLines(report, look),
    profileLines(report, recording !== undefined, look),
    repairLines(report, called, look),
    untestedLines(report, look),
    futureLines(report, called, look),
    betterLines(report, look),
    wishLines(report, look),
    hostLines(report, look),
    fineLines(report, look),
    ...suiteBlocks(report, look),
    noteLines(report, look),
    ...(recording === undefined ? [moreLines(report, look)] : detailLines(report, recording, called, look)),
  ]);
}

function headLines(report: CheckReport, isPart: boolean, look: Look): readonly string[] {
  const { word, colour, rest } = verdictOf(report);
  const stop = rest === '' || rest.endsWith('.') ? '' : '.';
  const text = `${nameFor(report, look)}: ${word}${rest}${stop === '' && rest === '' ? '.' : stop} ${workOf(report, isPart)}${outlookOf(report)}`;
  return highlighted(text, word, colour, look, '', '  ');
}

/** An international name as people write it, beside its one spelling. */
function nameFor({ target }: CheckReport, { unicode }: Look): string {
  const international = target.includes(':') ? '' : domainToUnicode(target);
  return unicode && international !== '' && international !== target
    ? `${target} (${international})`
    : target;
}

function noteLines(report: CheckReport, look: Look): readonly string[] {
  const { connections, depth, durationMs, startedAt } = report;
  const { spent, budget } = connections;
  const seconds = (durationMs / 1000).toFixed(1);
  return [
    ...titled(
      'connections',
      `: ${spent} of at most ${budget} (depth ${depth}), ${seconds} s from ${showMoment(startedAt)}.`,
      look,
    ),
    ...report.withoutConsent.flatMap(({ because }) => labelled('not asked:', because, look, '')),
    ...contactLines(report, look),
  ];
}

/** Only where the domain has a policy of which somebody on the path could be hiding the true one from this check, too. */
function contactLines({ firstContact, outcomes, findings }: CheckReport, look: Look): readonly string[] {
  const heedsPolicy = outcomes['mta-sts'] !== 'encrypted' && outcomes['mta-sts'] !== 'cleartext';
  const isThere =
    !findings.some((one) => one.id === 'mtasts.none' && isProblem(one)) &&
    findings.some((one) => one.id.startsWith('mtasts.') && (one.state === 'pass' || isProblem(one)));
  if (!firstContact || heedsPolicy || !isThere) return [];
  const text =
    'this host remembers no MTA-STS policy of the domain, so somebody on the path could be hiding another one. Nothing has to be done about it; where a Waxwing relay runs that remembers policies, --data with its folder has the check know them.';
  return labelled('first contact:', text, look, '');
}
