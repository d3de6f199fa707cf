/**
 * What is out for delivery, and until when.
 *
 * In memory only: one process at a time works on the queue, so what it has claimed ends with it.
 */
import type { EpochMs } from '../queue/delivery.ts';
import { createHeap, NOWHERE, type Placed } from '../queue/heap.ts';
import type { MessageRow } from './messages.ts';
import type { RecipientRow } from './recipients.ts';

export interface OpenClaim {
  readonly fence: number;
  readonly message: MessageRow;
  readonly destination: string;
  readonly claimedAt: EpochMs;
  readonly leaseEnds: EpochMs;
  /** Those whose settlement is still to come, as they were when they were claimed, by address. */
  readonly recipients: ReadonlyMap<string, RecipientRow>;
}

export interface Claims {
  /** @returns the fence, larger than every one before it, those of earlier processes included. */
  open(claim: Omit<OpenClaim, 'fence' | 'recipients'>, recipients: readonly RecipientRow[]): number;
  byFence(fence: number): OpenClaim | undefined;
  /** @param message its number. */
  ofMessage(message: number): readonly OpenClaim[];
  /** How many recipients of the destination are out. */
  recipientsOut(destination: string): number;
  /** Takes one recipient out. @returns whether it was the last one: the claim is closed then. */
  settled(fence: number, address: string): boolean;
  close(fence: number): void;
  /** Some claim whose lease has ended at `now`. */
  ended(now: EpochMs): OpenClaim | undefined;
  firstLeaseEnd(): EpochMs | undefined;
}

interface Entry extends OpenClaim, Placed {
  readonly recipients: Map<string, RecipientRow>;
}

/** @param undo takes the step that reverts a change. @param lastFence no fence is smaller than the one behind it. */
export function createClaims(undo: (step: () => void) => void, lastFence: number): Claims {
  let last = lastFence;
  const entries = new Map<number, Entry>();
  const byMessage = new Map<number, Entry[]>();
  const leases = createHeap<Entry>(
    (a, b) => a.leaseEnds < b.leaseEnds || (a.leaseEnds === b.leaseEnds && a.fence < b.fence),
  );

  function put(entry: Entry): void {
    entries.set(entry.fence, entry);
    const { number } = entry.message;
    byMessage.set(number, [...(byMessage.get(number) ?? []), entry]);
    leases.put(entry);
  }

  function remove(entry: Entry): void {
    entries.delete(entry.fence);
    const { number } = entry.message;
    const others = byMessage.get(number)?.filter((one) => one !== entry) ?? [];
    if (others.length === 0) byMessage.delete(number);
    else byMessage.set(number, others);
    leases.remove(entry);
  }

  function close(fence: number): void {
    const entry = entries.get(fence);
    if (entry === undefined) return;
    undo(() => put(entry));
    remove(entry);
  }

  return {
    open(claim, recipients) {
      last += 1;
      const entry: Entry = {
        ...claim,
        fence: last,
        recipients: new Map(recipients.map((row) => [row.address, row])),
        place: NOWHERE,
      };
      undo(() => remove(entry));
      put(entry);
      return entry.fence;
    },
    byFence: (fence) => entries.get(fence),
    ofMessage: (message) => byMessage.get(message) ?? [],
    recipientsOut(destination) {
      let count = 0;
      for (const entry of entries.values())
        if (entry.destination === destination) count += entry.recipients.size;
      return count;
    },
    settled(fence, address) {
      const entry = entries.get(fence);
      const row = entry?.recipients.get(address);
      if (entry === undefined || row === undefined) throw new Error(`claim ${fence} has not got ${address}`);
      undo(() => void entry.recipients.set(address, row));
      entry.recipients.delete(address);
      if (entry.recipients.size > 0) return false;
      close(fence);
      return true;
    },
    close,
    ended(now) {
      const first = leases.first();
      return first !== undefined && first.leaseEnds <= now ? first : undefined;
    },
    firstLeaseEnd: () => leases.first()?.leaseEnds,
  };
}
