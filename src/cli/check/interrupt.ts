/** A signal ends a long run in order: what is under way is finished. A second one ends it at once. */

/** A terminal that is closed hangs up. */
const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Partial<
  Readonly<Record<NodeJS.Signals, number>>
>;

export type EndSignal = keyof typeof CODES;

export interface Interrupt {
  /** The signal that came; undefined where none did. */
  readonly signal: () => EndSignal | undefined;
  /** Nobody minds signals any more. */
  readonly release: () => void;
}

/** @param onFirst called at the first one. */
export function watchSignals(onFirst: () => void): Interrupt {
  let came: EndSignal | undefined;
  const take = (signal: EndSignal): void => {
    if (came !== undefined) process.exit(interruptCode(came));
    came = signal;
    onFirst();
  };
  const ends = [
    ['SIGHUP', (): void => take('SIGHUP')],
    ['SIGINT', (): void => take('SIGINT')],
    ['SIGTERM', (): void => take('SIGTERM')],
  ] as const;
  for (const [signal, end] of ends) process.on(signal, end);
  return {
    signal: () => came,
    release() {
      for (const [signal, end] of ends) process.removeListener(signal, end);
    },
  };
}

/** As a shell has it of a program that a signal has ended. */
export function interruptCode(signal: EndSignal): number {
  return CODES[signal];
}
