/** How a {@link Delivery} stands in three columns. */
import type { Delivery, EpochMs } from '../queue/delivery.ts';

export type State = 'waiting' | 'held-tls' | 'held' | 'delivered' | 'bounced' | 'cancelled';

/** What is stored. An attempt is not: it lives as long as the process that makes it. */
export type KeptDelivery = Exclude<Delivery, { kind: 'attempting' }>;

export interface DeliveryColumns {
  readonly state: State;
  /** 0 in a final state, which does not count them. */
  readonly attempts: number;
  /** Not before, or time of the end, as the state has it. */
  readonly at: EpochMs;
}

export function toColumns(delivery: KeptDelivery): DeliveryColumns {
  switch (delivery.kind) {
    case 'waiting':
      return { state: 'waiting', attempts: delivery.attempts, at: delivery.notBefore };
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

export function fromColumns({ state, attempts, at }: DeliveryColumns): KeptDelivery {
  switch (state) {
    case 'waiting':
      return { kind: 'waiting', attempts, notBefore: at };
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
