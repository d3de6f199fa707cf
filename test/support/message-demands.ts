/** What messages ask for, in the words of tests. */
import type { MessageDemand } from '../../src/policies/message.ts';

/** `authenticate must, over an override`, `none no, lifts`, `nothing`. */
export function tlsLevelOf(demand: MessageDemand | null): string {
  if (demand === null) return 'nothing';
  const { requires, requireTls, overOverride, lifts } = demand;
  return `${requires} ${requireTls}${overOverride ? ', over an override' : ''}${lifts ? ', lifts' : ''}`;
}
