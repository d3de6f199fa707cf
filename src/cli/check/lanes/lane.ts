/** A thread that works on targets of a long run: looks up, visits, judges, and writes down. Started by `lanes.ts` only. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { checkIds } from '../../../findings/catalogue.ts';
import { readDnsFiles } from '../../config/files.ts';
import { loadConfig } from '../../config/load.ts';
import { version } from '../../version.ts';
import { withoutOptions } from '../again.ts';
import { faultOf } from '../fault.ts';
import { inARow } from '../in-a-row.ts';
import { type Judgement, type JudgeTerms, judge } from '../judgement.ts';
import { openCheck } from '../open.ts';
import { optOutOf } from '../opt-out-file.ts';
import { openOutput } from '../output.ts';
import { everyCheck, parseSelection } from '../selection.ts';
import type { Done, FromLane, LaneTerms, ToLane } from './messages.ts';
import { remoteCalls } from './remote-calls.ts';
import { remoteVisits } from './remote-visits.ts';

async function serve(port: MessagePort, lane: LaneTerms): Promise<void> {
  const { load, terms, only, failOn, profile, failAt, withoutRecording } = lane;
  const say = (message: FromLane): void => port.postMessage(message);
  const loaded = loadConfig(load);
  const read = loaded.kind === 'ok' ? await readDnsFiles(loaded.config, loaded.effective) : undefined;
  const optOut = loaded.kind === 'ok' ? await optOutOf(loaded.config) : undefined;
  const chosen = only === undefined ? undefined : parseSelection(only, checkIds);
  if (loaded.kind !== 'ok' || read === undefined || read.errors.length > 0 || optOut?.kind !== 'ok') {
    // The main thread could read it a moment ago.
    say({ kind: 'failed', because: 'the configuration was changed while it was read' });
    port.close();
    return;
  }
  const selection = chosen?.kind === 'ok' ? chosen.value : everyCheck;
  const judgeTerms: JudgeTerms = { failOn, failAt, selection, profile, withoutRecording };
  const write = rowsOf(lane);
  const visits = remoteVisits(say, Date.now);
  const calls = remoteCalls(say);
  const opened = openCheck(
    loaded.config,
    read.files,
    { ...terms, optOut: optOut.value, onNotice: (text) => say({ kind: 'notice', text }) },
    { visits, calls },
  );
  const row = inARow();
  const joins = new Map<number, (long: readonly string[]) => void>();

  async function work({ job, target }: Extract<ToLane, { kind: 'target' }>): Promise<Done> {
    const attempt = await opened.tester.attempt(
      target,
      (lines) =>
        new Promise((resolve) => {
          joins.set(job, resolve);
          say({ kind: 'join', job, lines });
        }),
    );
    if (attempt.kind === 'stopped') return { kind: 'dropped' };
    if (attempt.kind === 'crowded') return attempt;
    const judged = await row(() => judge(judgeTerms, attempt.recording));
    return judged.kind === 'invalid' ? judged : await write(judged.value);
  }

  port.on('message', (message: ToLane) => {
    if (visits.hear(message) || calls.hear(message)) return;
    switch (message.kind) {
      case 'target':
        work(message)
          .catch((error: unknown) => faultOf(message.target, error))
          .then((done) => say({ kind: 'done', job: message.job, done }))
          .catch(raise);
        return;
      case 'joined':
        joins.get(message.job)?.(message.long);
        joins.delete(message.job);
        return;
      case 'end':
        void opened.close().then(() => port.close());
        return;
      case 'go':
      case 'known':
      case 'next':
      case 'call':
    }
  });
  say({ kind: 'ready' });
}

/** Writes a result as a row, whatever the main thread's stdout is. */
function rowsOf({ format, failOn, details }: LaneTerms): (judgement: Judgement) => Promise<Done> {
  const terms = {
    format,
    details,
    failOn,
    version: version(),
    list: 'always',
    page: { look: { width: 80, colour: false, unicode: false }, called: withoutOptions, isPart: false },
  } as const;
  return async ({ share, ports, print }) => {
    let text = '';
    const output = openOutput({
      ...terms,
      write(part) {
        text += part;
        return Promise.resolve();
      },
    });
    // The main thread knows where in the list it stands.
    await print(output, null);
    return { kind: 'judged', share, ports, text };
  };
}

/** A fault of ours ends the thread, and the main one hears of it. */
function raise(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

if (parentPort === null) throw new Error('lane.ts is started by lanes.ts, as a thread');
serve(parentPort, workerData).catch(raise);
