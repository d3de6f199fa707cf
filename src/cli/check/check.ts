/** Runs checks, or judges recorded ones again, and prints what they came to. */
import { formatMailDomain } from '../../names/mailbox.ts';
import { isFull } from '../../scanner/hello-name.ts';
import { StoreError } from '../../store/store-error.ts';
import type { Config } from '../config/config.ts';
import { describeError } from '../config/describe-error.ts';
import { readDnsFiles } from '../config/files.ts';
import { type LoadRequest, loadConfig } from '../config/load.ts';
import { asksOnlyThisHost } from '../policy-engine.ts';
import { judge } from './judgement.ts';
import { type CheckTerms, openCheck } from './open.ts';
import { optOutOf } from './opt-out-file.ts';
import { OutputError } from './outlet.ts';
import { isList, openPrinting, type PrintTerms } from './printing.ts';
import { openProgress, type Progress } from './progress.ts';
import { type Written, watchReader } from './reader.ts';
import { endOf, type Result, refuse, reportAll, type Tell } from './report-all.ts';
import type { RunTerms } from './resume.ts';
import { savedRecordings } from './saved.ts';
import type { TargetTerms } from './target.ts';
import { type VisitParts, visitAll } from './visit-all.ts';
import { safe } from './words.ts';

export interface CheckRequest extends PrintTerms {
  /** As they were named, read already but for those on stdin. */
  readonly targets: readonly string[];
  /** A file with further ones; `-` is stdin. */
  readonly input: string | undefined;
  readonly targetTerms: TargetTerms;
  /** A file of recordings, in place of targets; `-` is stdin. */
  readonly from: string | undefined;
  readonly terms: Omit<CheckTerms, 'optOut' | 'onNotice'>;
  /** `--only`, as it was given. */
  readonly only: string | undefined;
  /** The file in which it is kept what of the input is done. */
  readonly resume: string | undefined;
  /** What results depend on, as it was asked for. */
  readonly runTerms: RunTerms;
}

/** @returns the exit code. */
export async function check(request: CheckRequest, load: LoadRequest): Promise<number> {
  const progress = openProgress(process.stderr);
  const tell: Tell = (kind, message) => {
    progress.clear();
    process.stderr.write(`${kind}: ${safe(message, { unicode: true })}\n`);
  };
  const isSingle = request.from === undefined && !isList(request) && request.targets.length === 1;
  const named = request.from === undefined && !isList(request) ? request.targets.length : undefined;
  let written: Written = { results: 0, of: named };
  const release = watchReader({
    stream: process.stdout,
    isPage: isSingle && request.format === 'text',
    written: () => written,
    tell: (message) => tell('error', message),
    exit: (code) => process.exit(code),
  });
  const onWritten = (results: number, of: number | undefined = named): void => {
    written = { results, of };
  };
  try {
    if (request.from === undefined) return await visit(request, load, { progress, tell, onWritten });
    const reported = await reportAll(judgedAgain(request, request.from), openPrinting(request, load), {
      tell,
      onResult: () => progress.clear(),
      onWritten: ({ tested }) => onWritten(tested),
      signal: () => undefined,
    });
    return endOf(reported, tell);
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof OutputError)) throw error;
    return refuse(request.format, tell, [error.message]);
  } finally {
    release();
    progress.close();
  }
}

async function visit(
  request: CheckRequest,
  load: LoadRequest,
  parts: Omit<VisitParts, 'opened'>,
): Promise<number> {
  const { tell } = parts;
  const loaded = loadConfig(load);
  const read = loaded.kind === 'ok' ? await readDnsFiles(loaded.config, loaded.effective) : loaded;
  if (loaded.kind === 'invalid' || !('files' in read) || read.errors.length > 0) {
    return refuse(request.format, tell, read.errors.map(describeError));
  }
  const { config } = loaded;
  const optOut = await optOutOf(config);
  if (optOut.kind === 'invalid') return refuse(request.format, tell, [optOut.because]);
  const opened = openCheck(config, read.files, {
    ...request.terms,
    optOut: optOut.value,
    onNotice: (text) => tell('warning', text),
  });
  try {
    const targetTerms = { ...request.targetTerms, smtpPort: config.relay.smtpPort };
    const visits = { opened, ...parts, progress: saying(config, parts) };
    return await visitAll({ ...request, targetTerms }, load, visits);
  } finally {
    await opened.close();
  }
}

/** Says, with the first target, where servers are told an address in place of a name. */
function saying(config: Config, { progress, tell }: Pick<VisitParts, 'progress' | 'tell'>): Progress {
  const name = formatMailDomain(config.check.hello);
  let isSaid = isFull(name) || asksOnlyThisHost(config);
  return {
    ...progress,
    begin(target) {
      if (!isSaid) tell('note', `${noName(name)}; check.hello in the configuration says which name it has`);
      isSaid = true;
      progress.begin(target);
    },
  };
}

function noName(name: string): string {
  return `this host has no full name (${name}), and servers are told its address in place of one`;
}

async function* judgedAgain(request: CheckRequest, from: string): AsyncGenerator<Result> {
  for await (const recording of savedRecordings(from, process.stdin)) {
    const judged = recording.kind === 'ok' ? judge(request, recording.value) : recording;
    yield { place: null, judged };
  }
}
