/** How a {@link Delivery} stands in three columns. */
import type { Delivery, EpochMs } from '../queue/delivery.ts';

export type State =
  | 'waiting'
  | 'attempting'
  | 'attempting-tls'
  | 'held-tls'
  | 'held'
  | 'delivered'
  | 'bounced'
  | 'cancelled';

export interface DeliveryColumns {
  readonly state: State;
  /** 0 in a final state, which does not count them. */
  readonly attempts: number;
  /** Not before, end of the lease, or time of the end, as the state has it. */
  readonly at: EpochMs;
}

export function toColumns(delivery: Delivery): DeliveryColumns {
  switch (delivery.kind) {
    case 'waiting':
      return { state: 'waiting', attempts: delivery.attempts, at: delivery.notBefore };
    case 'attempting':
      return {
        state: delivery.from === 'tls' ? 'attempting-tls' : 'attempting',
        attempts: delivery.attempts,
        at: delivery.leaseEnds,
      };
    case 'held':
      return {
        state: delivery.by === 'tls' ? 'held-tls' : 'held',
        attempts: delivery.attempts,
        at: delivery.notBefore,
      };
    case 'delivered':
    case 'bounced':
    case 'cancelled':
      return { state: delivery.kind, attempts: 0, at: delivery.at };
  }
}

export function fromColumns({ state, attempts, at }: DeliveryColumns): Delivery {
  switch (state) {
    case 'waiting':
      return { kind: 'waiting', attempts, notBefore: at };
    case 'attempting':
      return { kind: 'attempting', attempts, leaseEnds: at, from: 'waiting' };
    case 'attempting-tls':
      return { kind: 'attempting', attempts, leaseEnds: at, from: 'tls' };
    case 'held-tls':
      return { kind: 'held', by: 'tls', attempts, notBefore: at };
    case 'held':
      return { kind: 'held', by: 'operator', attempts, notBefore: at };
    case 'delivered':
    case 'bounced':
    case 'cancelled':
      return { kind: state, at };
  }
}
