/** Keeps, of any number of targets, the little by which it is told whether this network blocks port 25. */
import { type PortSeen, type PortVerdict, portBlocked } from '../../scanner/port-blocked.ts';

export interface PortWatch {
  readonly add: (seen: readonly PortSeen[]) => void;
  /** Whether a connection to port 25 was ever made. */
  readonly isOpen: () => boolean;
  readonly verdict: () => PortVerdict;
}

/** So many that fail say all that could be said. */
const MOST_KEPT = 200;

/** @param wasOpen whether that is known already. */
export function openPortWatch(wasOpen = false): PortWatch {
  let isOpen = wasOpen;
  let kept: PortSeen[] = [];
  return {
    add(seen) {
      // One connection is the proof that the port is open; nothing else has to be remembered then.
      isOpen ||= seen.some(({ endpoint, base }) => endpoint.port === 25 && base.connect.kind === 'connected');
      if (isOpen) kept = [];
      else if (kept.length < MOST_KEPT) kept.push(...seen.map(portSeenOf));
    },
    isOpen: () => isOpen,
    verdict: () => (isOpen ? { kind: 'open' } : portBlocked(kept)),
  };
}

/** Nothing else is kept with it. */
export function portSeenOf({ endpoint, base: { connect } }: PortSeen): PortSeen {
  return { endpoint, base: { connect } };
}
