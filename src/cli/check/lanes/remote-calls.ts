/** Calls of policy hosts from a lane: whose turn it is there the main thread knows. */
import type { Entry, PolicyCalls } from '../../../scanner/policy-calls.ts';
import type { FromLane, ToLane } from './messages.ts';

export interface RemoteCalls extends PolicyCalls {
  /** Takes what is about calls. @returns whether it was. */
  readonly hear: (message: ToLane) => boolean;
}

export function remoteCalls(say: (message: FromLane) => void): RemoteCalls {
  const asked = new Map<number, (entry: Entry) => void>();
  let calls = 0;
  return {
    enter(address) {
      calls += 1;
      const call = calls;
      return new Promise((resolve) => {
        asked.set(call, resolve);
        say({ kind: 'ask-call', call, address });
      });
    },
    hear(message) {
      if (message.kind !== 'call') return false;
      const { call, entry } = message;
      const answer = asked.get(call);
      asked.delete(call);
      if (entry !== 'entered') answer?.(entry);
      else answer?.({ kind: 'entered', leave: (called) => say({ kind: 'called', call, called }) });
      return true;
    },
  };
}
