/** Checks a domain, and prints the safe way from where it is to enforced TLS. */
import { adviseFor } from '../../findings/advice/plan.ts';
import type { Target } from '../../findings/case.ts';
import { judgeRecording } from '../../findings/judge.ts';
import { takesNoMail } from '../../findings/rules/parked.ts';
import { StoreError } from '../../store/store-error.ts';
import { calledWith } from '../check/again.ts';
import { type CheckTerms, openCheck } from '../check/open.ts';
import { optOutOf } from '../check/opt-out-file.ts';
import { openPortWatch } from '../check/port-watch.ts';
import { openProgress, type Progress } from '../check/progress.ts';
import { describeError } from '../config/describe-error.ts';
import { readDnsFiles } from '../config/files.ts';
import { type LoadRequest, loadConfig } from '../config/load.ts';
import { lookOf, oneLine } from '../terminal.ts';
import { toAdviceReport } from './json.ts';
import { formatAdvice } from './text.ts';

export interface AdviseRequest {
  readonly target: Extract<Target, { kind: 'domain' }>;
  readonly terms: Pick<CheckTerms, 'allowPrivate' | 'gapMs' | 'timeoutMs'>;
  readonly json: boolean;
}

const GIVEN = 0;
const MAIL_GOES_BACK = 1;
const WRONG_CONFIGURATION = 2;
const UNKNOWN = 3;
const PORT_BLOCKED = 4;
/** Hosts of one domain that are visited at the same time. */
const AT_ONCE = 8;

/** @returns the exit code. */
export async function advise(request: AdviseRequest, load: LoadRequest): Promise<number> {
  const progress = openProgress(process.stderr);
  try {
    return await adviseWith(request, load, progress);
  } catch (error) {
    // The store of the data folder is there and cannot be read.
    if (!(error instanceof StoreError)) throw error;
    return complain(progress, 'error', error.message);
  } finally {
    progress.close();
  }
}

async function adviseWith(request: AdviseRequest, load: LoadRequest, progress: Progress): Promise<number> {
  const loaded = loadConfig(load);
  const read = loaded.kind === 'ok' ? await readDnsFiles(loaded.config, loaded.effective) : loaded;
  if (loaded.kind === 'invalid' || !('files' in read) || read.errors.length > 0) {
    for (const error of read.errors) complain(progress, 'error', describeError(error));
    return WRONG_CONFIGURATION;
  }
  const optOut = await optOutOf(loaded.config);
  if (optOut.kind === 'invalid') return complain(progress, 'error', optOut.because);
  const opened = openCheck(loaded.config, read.files, {
    ...request.terms,
    depth: 'standard',
    intrusive: false,
    concurrency: AT_ONCE,
    threads: 1,
    optOut: optOut.value,
    onNotice: (text) => complain(progress, 'warning', text),
  });
  const repeated = request.terms.allowPrivate ? ['--allow-private'] : [];
  try {
    progress.begin(request.target.domain);
    const recording = await opened.tester.test(request.target);
    progress.end(request.target.domain);
    const { theCase, findings } = judgeRecording(recording, recording.startedAt);
    const report = toAdviceReport(adviseFor(theCase, findings, recording.answers));
    progress.clear();
    process.stdout.write(
      request.json
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : formatAdvice(report, lookOf(process.stdout, process.env), calledWith(load, repeated)),
    );
    const watch = openPortWatch();
    watch.add(recording.observations);
    const verdict = watch.verdict();
    if (verdict.kind === 'blocked') {
      complain(progress, 'error', verdict.because);
      return PORT_BLOCKED;
    }
    const { way } = theCase.facts ?? {};
    if (way?.kind === 'no-such-domain' || (way?.kind !== 'null' && takesNoMail(theCase)))
      return MAIL_GOES_BACK;
    const isUnknown = way?.kind === 'unknown' || report.steps.some(({ state }) => state === 'blocked');
    return isUnknown ? UNKNOWN : GIVEN;
  } finally {
    await opened.close();
  }
}

/** @returns the exit code of wrong usage. */
function complain(progress: Progress, kind: 'error' | 'warning', message: string): number {
  progress.clear();
  process.stderr.write(`${kind}: ${oneLine(message)}\n`);
  return WRONG_CONFIGURATION;
}
