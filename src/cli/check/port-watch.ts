/** Keeps, of any number of targets, the little by which it is told whether this network blocks port 25. */
import type { Recording } from '../../findings/recording.ts';
import { type PortVerdict, portBlocked } from '../../scanner/port-blocked.ts';

export interface PortWatch {
  readonly add: (recording: Recording) => void;
  readonly verdict: () => PortVerdict;
}

/** So many that fail say all that could be said. */
const MOST_KEPT = 200;

export function openPortWatch(): PortWatch {
  let kept: Recording[] = [];
  let isOpen = false;
  return {
    add(recording) {
      // One connection is the proof that the port is open; nothing else has to be remembered then.
      isOpen ||= recording.observations.some(
        ({ endpoint, base }) => endpoint.port === 25 && base.connect.kind === 'connected',
      );
      if (isOpen) kept = [];
      else if (kept.length < MOST_KEPT) kept.push({ ...recording, answers: [], fetched: [], recalled: [] });
    },
    verdict: () => portBlocked(kept),
  };
}
