/** What --details adds: every check with all its evidence, and what was said to every server. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Observation } from '../../findings/observation.ts';
import type { Recording } from '../../findings/recording.ts';
import type { Look } from '../terminal.ts';
import type { CalledWith } from './again.ts';
import { labelled, type Mark, marked, marks, titled, verbatim } from './page.ts';
import { isProblem, joined } from './repairs.ts';
import { programsOf, remedyLines } from './text-remedies.ts';
import { placesText, type ReportedFinding } from './words.ts';

/** Blocks of lines. */
export function detailLines(
  report: CheckReport,
  { observations }: Recording,
  called: CalledWith,
  look: Look,
): readonly (readonly string[])[] {
  const { findings } = report;
  const terms = {
    programs: programsOf(report),
    called,
    indent: '    ',
    shown: new Map<string, number>(),
    isShort: false,
  };
  return [
    [
      ...titled('every check', ':', look),
      ...joined(findings.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)))).flatMap(
        ({ finding, places, all }) => [
          ...marked(
            stateMarks[finding.state],
            `${finding.id}, ${finding.state} (${finding.severity}): ${placesText(places)}`,
            look,
          ),
          ...new Set(
            all.flatMap(({ evidence }) => evidence.flatMap((line) => labelled('', line, look, '    '))),
          ),
          // The others stand above, with what repairs them.
          ...(isProblem(finding) && finding.severity === 'info' ? remedyLines(finding.fix, terms, look) : []),
        ],
      ),
    ],
    ...observations.map((one) => transcriptLines(one, look)),
  ];
}

const stateMarks: Readonly<Record<ReportedFinding['state'], Mark>> = {
  pass: marks.good,
  warn: marks.weak,
  fail: marks.bad,
  absent: marks.none,
  'not-tested': marks.unknown,
};

function transcriptLines({ endpoint, base, probes }: Observation, look: Look): readonly string[] {
  const { address, port, protocol, serverName } = endpoint;
  const name = serverName === null ? '' : `, asked for ${serverName}`;
  const { injection, state } = probes;
  return [
    ...titled('what was said', ` to ${address} port ${port} (${protocol}${name}):`, look),
    ...base.transcript.map((line) => verbatim(line, look, '  ')),
    ...(injection?.kind === 'seen'
      ? probeLines('a command behind STARTTLS', injection.transcript, look)
      : []),
    ...(state?.kind === 'seen' ? probeLines('a transaction begun in clear', state.transcript, look) : []),
  ];
}

function probeLines(what: string, transcript: readonly string[], look: Look): readonly string[] {
  return [
    verbatim(`in a connection of its own, ${what}:`, look, '  '),
    ...transcript.map((line) => verbatim(line, look, '    ')),
  ];
}
