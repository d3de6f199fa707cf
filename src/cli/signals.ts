/** The signals by which a process is told to stop, or to look at its configuration again. */

export interface Signals {
  /** Resolves at SIGTERM or SIGINT; the next one ends the process at once, which is safe. */
  readonly stop: Promise<'told'>;
  /** What SIGHUP does from now on; one that came before is made up for. */
  onHangup(work: () => void): void;
}

/** @param hangup without a file there is nothing to read again, and a terminal that is closed sends SIGHUP too. */
export function listenToSignals(hangup: 'reload' | 'stop'): Signals {
  const stop = Promise.withResolvers<'told'>();
  const ends =
    hangup === 'stop' ? (['SIGTERM', 'SIGINT', 'SIGHUP'] as const) : (['SIGTERM', 'SIGINT'] as const);
  const told = (): void => {
    for (const signal of ends) process.removeListener(signal, told);
    stop.resolve('told');
  };
  for (const signal of ends) process.on(signal, told);
  let early = false;
  let onHangup = (): void => {
    early = true;
  };
  if (hangup === 'reload') process.on('SIGHUP', () => onHangup());
  return {
    stop: stop.promise,
    onHangup(work) {
      onHangup = work;
      if (early) work();
    },
  };
}
