/** A signal ends a long run in order: what is under way is finished. A second one ends it at once. */

export type EndSignal = 'SIGINT' | 'SIGTERM';

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
  const onInt = (): void => take('SIGINT');
  const onTerm = (): void => take('SIGTERM');
  process.on('SIGINT', onInt);
  process.on('SIGTERM', onTerm);
  return {
    signal: () => came,
    release() {
      process.removeListener('SIGINT', onInt);
      process.removeListener('SIGTERM', onTerm);
    },
  };
}

/** As a shell has it of a program that a signal has ended. */
export function interruptCode(signal: EndSignal): number {
  return signal === 'SIGINT' ? 130 : 143;
}
