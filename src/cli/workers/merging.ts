/** All workers as the one relay that the control socket, the HTTP API and the metrics show. */
import type { ControlParts } from '../../relay/control.ts';
import type { HttpApiParts } from '../../relay/http-api/http-api.ts';
import { allHolders, openWindows, usageOf } from '../../relay/quotas.ts';
import type { RelaySettings } from '../../relay/settings.ts';
import { askWorker } from '../../relay/workers/ask.ts';
import { type WorkerEnd, WorkersMissing } from '../../relay/workers/fan-out.ts';
import { type Incomplete, openIncomplete } from '../../relay/workers/incomplete.ts';
import { mergedQueue } from '../../relay/workers/merged-queue.ts';
import { mergedRelay } from '../../relay/workers/merged-relay.ts';
import type { ClientStore } from '../../store/client-store.ts';

/** A worker that there should be, whether or not it runs at the moment. */
interface WorkerPlace {
  /** From 1; that of its queue. */
  readonly number: number;
  readonly socketPath: string;
  /** `drain`: it only empties its queue. */
  readonly role: 'serve' | 'drain';
}

export interface MergingParts {
  /** In the order of their numbers, those included that only empty a queue. */
  readonly workers: () => readonly WorkerPlace[];
  /** The primary's own view of `data.db`. */
  readonly clients: Pick<ClientStore, 'quotas' | 'inbound'>;
  /** Who has quotas, by the configuration of the moment. */
  readonly holders: () => Pick<RelaySettings, 'accounts' | 'networkQuotas'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Merging {
  readonly control: Pick<ControlParts, 'store' | 'relay' | 'engine' | 'recorder'>;
  /** Goes around the routes of the control socket. */
  readonly around: Incomplete['watch'];
  readonly api: Pick<HttpApiParts, 'store' | 'relay'>;
  readonly ends: () => readonly WorkerEnd[];
}

export function openMerging({ workers, clients, holders, now }: MergingParts): Merging {
  const known = new Map<string, WorkerEnd['calls']>();
  const ends = (): readonly WorkerEnd[] =>
    workers().map(({ number, socketPath, role }) => {
      const calls = known.get(socketPath) ?? askWorker(socketPath);
      known.set(socketPath, calls);
      return { number, takes: role === 'serve', calls };
    });
  const incomplete = openIncomplete();
  const noted = { workers: ends, onMissing: incomplete.note };
  const relay = mergedRelay(noted);
  // A program takes what it is given for all there is.
  const strict = {
    workers: ends,
    onMissing(missing: readonly number[]): never {
      throw new WorkersMissing(missing);
    },
  };
  return {
    around: incomplete.watch,
    ends,
    control: {
      store: mergedQueue(noted),
      relay: {
        ...relay,
        async quotas() {
          await relay.flush();
          const { accounts, networkQuotas } = holders();
          const having = accounts.map(({ user, rights }) => ({ user, quota: rights.quota }));
          const spenders = await relay.spenders();
          const all = [...spenders, ...allHolders(having, networkQuotas)];
          return usageOf(openWindows(clients.quotas.list(), now()), all);
        },
        inbound: {
          async of(domain) {
            await relay.flush();
            return clients.inbound.list().filter((row) => row.domain === domain);
          },
          purge: (domain) => relay.purgeInbound(domain),
        },
      },
      engine: relay.engine,
      recorder: { flush: () => relay.flush() },
    },
    api: { store: mergedQueue(strict), relay: mergedRelay(strict) },
  };
}
