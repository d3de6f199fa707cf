/** The signals by which a process is told to stop, or to look at its configuration again. */

export interface Signals {
  /** Resolves at SIGTERM or SIGINT; the next one ends the process at once, which is safe. */
  readonly stop: Promise<'told'>;
  /** What SIGHUP does from now on; one that came before is made up for. */
  onHangup(work: () => void): void;
}

interface Caught {
  readonly signals: ReadonlySet<NodeJS.Signals>;
  release(): void;
}

const ENDING = ['SIGTERM', 'SIGINT'] as const;
const ALL = [...ENDING, 'SIGHUP'] as const;

/** There is one process, and so one of these. */
let caught: Caught | undefined;

/** From now on no signal ends the process unseen: {@link listenToSignals} makes up for it. A second that ends it does. */
export function catchSignals(): void {
  const signals = new Set<NodeJS.Signals>();
  const release = (which: readonly NodeJS.Signals[]): void => {
    for (const signal of which) process.removeListener(signal, note);
  };
  function note(signal: NodeJS.Signals): void {
    signals.add(signal);
    if (signal !== 'SIGHUP') release(ENDING);
  }
  for (const signal of ALL) process.on(signal, note);
  caught = { signals, release: () => release(ALL) };
}

/** @param hangup without a file there is nothing to read again, and a terminal that is closed sends SIGHUP too. */
export function listenToSignals(hangup: 'reload' | 'stop'): Signals {
  const stop = Promise.withResolvers<'told'>();
  const ends: readonly NodeJS.Signals[] = hangup === 'stop' ? ALL : ENDING;
  const told = (): void => {
    for (const signal of ends) process.removeListener(signal, told);
    stop.resolve('told');
  };
  for (const signal of ends) process.on(signal, told);
  const before = caught?.signals ?? new Set();
  let early = hangup === 'reload' && before.has('SIGHUP');
  let onHangup = (): void => {
    early = true;
  };
  if (hangup === 'reload') process.on('SIGHUP', () => onHangup());
  caught?.release();
  caught = undefined;
  if (ends.some((signal) => before.has(signal))) told();
  return {
    stop: stop.promise,
    onHangup(work) {
      onHangup = work;
      if (early) work();
    },
  };
}
