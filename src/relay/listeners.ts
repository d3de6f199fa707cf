/** The listeners of the relay, and how they follow a changed configuration. */
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../names/address.ts';
import type { Listener } from '../net/listen.ts';
import type { ListenerSettings } from './settings.ts';

/** Binds a listener; it asks for its settings each time somebody connects, as they may change. */
export type Bind = (settings: () => ListenerSettings) => Promise<Listener>;

export interface Listeners {
  readonly bound: readonly Listener[];
  /**
   * Makes them those that are wanted: what keeps its address, port and kind of TLS stays bound, and its next client
   * meets the new settings. New ones are bound before old ones are closed, wherever both can be.
   *
   * @throws Node's error when an address cannot be bound; as far as possible everything is as it was then.
   */
  change(wanted: readonly ListenerSettings[]): Promise<void>;
  /** Whether a connection to this address would come to one of them. */
  isOne(address: string, port: number): boolean;
  close(graceMs: number): Promise<void>;
}

interface Entry {
  settings: ListenerSettings;
  readonly listener: Listener;
}

/** A listener that is wanted, and what stands for it. */
interface Place {
  readonly settings: ListenerSettings;
  entry: Entry | undefined;
}

/** How long sessions may go on whose listener is no more. */
const GRACE_MS = 30_000;

export function openListeners(bind: Bind): Listeners {
  let entries: readonly Entry[] = [];
  const leaving = new Set<Promise<void>>();

  async function bindEntry(settings: ListenerSettings): Promise<Entry> {
    const slot = { settings };
    const listener = await bind(() => slot.settings);
    return Object.assign(slot, { listener });
  }

  /** Closes those of them that stand. */
  function leave(old: readonly Entry[]): void {
    const going = entries.filter((entry) => old.includes(entry));
    entries = entries.filter((entry) => !old.includes(entry));
    for (const { listener } of going) {
      const gone = listener.close(GRACE_MS).finally(() => leaving.delete(gone));
      leaving.add(gone);
    }
  }

  async function change(wanted: readonly ListenerSettings[]): Promise<void> {
    const old = [...entries];
    const places: Place[] = wanted.map((settings) => {
      const index = old.findIndex((entry) => isSamePlace(entry.settings, settings));
      return { settings, entry: index === -1 ? undefined : old.splice(index, 1)[0] };
    });
    const missing = places.filter(({ entry }) => entry === undefined);
    const fill = async (): Promise<void> => {
      for (const place of missing) place.entry ??= await bindEntry(place.settings);
    };
    try {
      await fill().catch((error: unknown) => {
        const unbound = missing
          .filter(({ entry }) => entry === undefined)
          .map(({ settings }) => settings.port);
        const inTheWay = old.filter(({ settings }) => unbound.includes(settings.port));
        if (!isInUse(error) || inTheWay.length === 0) throw error;
        leave(inTheWay);
        return fill();
      });
    } catch (error) {
      const fresh = missing.flatMap(({ entry }) => entry ?? []);
      await Promise.all(fresh.map(({ listener }) => listener.close(0)));
      throw error;
    }
    leave(old);
    entries = places.flatMap(({ settings, entry }) => {
      if (entry === undefined) return [];
      entry.settings = settings;
      return [entry];
    });
  }

  return {
    get bound() {
      return entries.map(({ listener }) => listener);
    },
    change,
    isOne: (address, port) => entries.some(({ listener }) => isReachedBy(listener, address, port)),
    async close(graceMs) {
      await Promise.all([...leaving, ...entries.map(({ listener }) => listener.close(graceMs))]);
    },
  };
}

function isSamePlace(one: ListenerSettings, other: ListenerSettings): boolean {
  return one.address === other.address && one.port === other.port && one.tls === other.tls;
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/** A listener on every address (0.0.0.0, ::) is reached under each address of this host. */
function isReachedBy(listener: Listener, address: string, port: number): boolean {
  if (listener.port !== port) return false;
  if (listener.address !== '0.0.0.0' && listener.address !== '::') return listener.address === address;
  return isLoopback(address) || ownAddresses().has(address);
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((entries) => entries?.map((entry) => entry.address) ?? []),
  );
}
