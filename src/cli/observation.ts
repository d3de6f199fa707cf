/** What is counted while the relay runs: results of sessions, the ways of mail, metrics, and what a Postfix tells. */
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { type Datagrams, receiveDatagrams } from '../collector/datagrams.ts';
import type { DeliveryEvent, RelayEvent } from '../events/delivery-event.ts';
import type { SessionNote } from '../policies/memory/track.ts';
import type { SeenSession } from '../policies/report-only/seen.ts';
import { incomingMetrics } from '../relay/incoming-metrics.ts';
import type { IncomingNote } from '../relay/incoming-watch.ts';
import type { LoginNote } from '../relay/login-log.ts';
import { noteOfResult, noteOfSession } from '../relay/memory-notes.ts';
import { type RelayMetrics, relayMetrics } from '../relay/metrics.ts';
import { showQueueStates } from '../relay/queue-metrics.ts';
import { type Recorder, startRecorder } from '../relay/recorder.ts';
import { seenInSession } from '../relay/seen-sessions.ts';
import { type SessionWatch, sessionWatch } from '../relay/session-results.ts';
import { readDatagram } from '../reports/tls-rpt/datagram.ts';
import type { ResultSource, SessionResult } from '../reports/tls-rpt/session-result.ts';
import type { FolderPaths } from '../store/data-folder.ts';
import { openResults, type Results } from '../store/open-results.ts';
import { openFigures } from '../store/queue-figures.ts';
import { openStates } from '../store/queue-states.ts';
import type { QueueStore } from '../store/queue-store.ts';
import type { Config } from './config/config.ts';
import { memoryNotice } from './memory-text.ts';
import type { LookUps } from './relay-dns.ts';

export interface ObservationParts {
  readonly folder: FolderPaths;
  /** That of the moment. */
  readonly config: () => Config;
  /** Whether results of others are taken here, where the configuration has a socket for them. */
  readonly datagrams: boolean;
  readonly store: QueueStore;
  readonly now: () => number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Observation {
  /** Shown at `[metrics] listen`, with what gateways count. */
  readonly registry: Registry;
  readonly results: Results;
  readonly recorder: Recorder;
  /** Takes what a session came to into the memory. @returns whether it is remembered. */
  remember(note: SessionNote): boolean;
  readonly watch: SessionWatch;
  /** The queue, with a stopwatch where metrics are shown. */
  readonly store: QueueStore;
  onEvents(events: readonly RelayEvent[]): void;
  onTaken(events: readonly DeliveryEvent[], client: string): void;
  onLogin(note: LoginNote): void;
  /** undefined where nobody looks at metrics. */
  readonly onIncoming: ((note: IncomingNote) => void) | undefined;
  /** The same look-ups; their answers are counted where metrics are shown. */
  counted(lookUps: LookUps): LookUps;
  close(): Promise<void>;
}

/** @throws StoreError where the results cannot be opened. */
export function startObservation(parts: ObservationParts): Observation {
  const { folder, config, store, now, log, onError } = parts;
  const results = openResults(folder);
  const registry = new Registry();
  const figures = config().metrics === null ? undefined : openFigures(folder);
  const metrics =
    figures === undefined ? undefined : relayMetrics({ registry, figures: () => figures.read(now()), now });
  const recorder = startRecorder({
    results,
    now,
    keepMs: () => config().tlsRpt.keepMs,
    memory: () => config().memory,
    keepSeenMs: () => config().reportOnly.keepMs,
    onNotice: (what) => log.warn(what),
    onMemory(change) {
      const { memory, list } = config();
      log.warn(...memoryNotice(change, { mode: memory.mode, hasList: list !== null }));
      metrics?.remembered(change);
    },
    onError,
  });
  const states = metrics === undefined ? undefined : openStates(folder);
  if (states !== undefined)
    showQueueStates({
      registry,
      read: () => states.read(),
      now,
      onError: (error) => onError('counting the queue by state', error),
    });
  const onResult = (result: SessionResult, source: ResultSource): void => {
    recorder.session(result, source);
    metrics?.session(result, source);
  };
  const remember = (note: SessionNote | undefined): boolean => {
    if (note === undefined || config().memory.mode === 'off') return false;
    recorder.reached(note);
    return true;
  };
  const keepSeen = (seen: SeenSession | undefined): void => {
    if (seen !== undefined) recorder.seen(seen);
  };
  const datagrams = socketOf(parts, metrics, (result) => {
    onResult(result, 'postfix');
    remember(noteOfResult(result, now()));
  });
  const reported = sessionWatch((result) => onResult(result, 'waxwing'), now);
  return {
    registry,
    results,
    recorder,
    remember,
    watch: {
      ...reported,
      opened(way, opened, remembered) {
        reported.opened(way, opened, remembered);
        remember(noteOfSession(way, opened, remembered, now()));
        if (config().reportOnly.mode === 'on') keepSeen(seenInSession(way, opened, remembered, now()));
      },
    },
    store: metrics === undefined ? store : timed(store, metrics),
    onEvents(events) {
      metrics?.events(events);
      recorder.sent(events);
    },
    onTaken: (events, client) => recorder.taken(events, client),
    onLogin: (note) => metrics?.login(note),
    onIncoming: metrics === undefined ? undefined : incomingMetrics(registry),
    counted: metrics === undefined ? (lookUps) => lookUps : counter(metrics),
    async close() {
      await datagrams?.close();
      recorder.close();
      results.close();
      figures?.close();
      states?.close();
    },
  };
}

/** A line in the log for what cannot be read, at most one in so many milliseconds: an MTA repeats its mistakes. */
const COMPLAIN_EVERY_MS = 60_000;

function socketOf(
  { config, datagrams, now, log }: ObservationParts,
  metrics: RelayMetrics | undefined,
  onResult: (result: SessionResult) => void,
): Datagrams | undefined {
  const { socket } = config().tlsRpt;
  if (socket === null || !datagrams) return undefined;
  let complainedAt = Number.NEGATIVE_INFINITY;
  let passedOver = 0;
  const unusable = (kind: 'unusable' | 'too_long', because: string): void => {
    metrics?.datagram(kind);
    passedOver += 1;
    if (Math.abs(now() - complainedAt) < COMPLAIN_EVERY_MS) return;
    log.warn({ socket: socket.path, datagrams: passedOver }, `results of a session are lost: ${because}`);
    complainedAt = now();
    passedOver = 0;
  };
  return receiveDatagrams({
    ...socket,
    onDatagram(octets) {
      const read = readDatagram(octets);
      if (read.kind === 'unusable') return unusable('unusable', read.because);
      metrics?.datagram('counted');
      onResult(read.result);
    },
    onTooLong: () => unusable('too_long', 'the datagram is too long'),
    onReady: () => log.info({ socket: socket.path }, 'results of sessions are taken at the socket'),
    onTrouble: (because) =>
      log.error({ socket: socket.path }, `no results are taken at the socket: ${because}`),
  });
}

/** The same queue; what it does for mail is timed, from the call to the answer. */
function timed(store: QueueStore, metrics: RelayMetrics): QueueStore {
  const measured =
    <Request, Result>(call: 'accept' | 'settle', work: (request: Request) => Promise<Result>) =>
    async (request: Request): Promise<Result> => {
      const begun = performance.now();
      const result = await work(request);
      metrics.stored(call, (performance.now() - begun) / 1000);
      return result;
    };
  return {
    ...store,
    accept: measured('accept', (message) => store.accept(message)),
    settle: measured('settle', (request) => store.settle(request)),
  };
}

function counter(metrics: RelayMetrics): (lookUps: LookUps) => LookUps {
  let known: { readonly of: LookUps; readonly counted: LookUps } | undefined;
  return (lookUps) => {
    if (known?.of !== lookUps) {
      const resolve: LookUps['resolve'] = async (question) => {
        const answer = await lookUps.resolve(question);
        metrics.answered(answer.status);
        return answer;
      };
      known = { of: lookUps, counted: { ...lookUps, resolve } };
    }
    return known.counted;
  };
}
