/** The listeners of a machine, and how they follow a changed configuration. */
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../names/address.ts';
import type { Listener } from './accept.ts';

/** What keeps its place keeps its listener. */
export interface ListeningPlace {
  readonly address: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly tls: 'starttls' | 'implicit';
}

/** Binds a listener; it asks for its settings each time somebody connects, as they may change. */
export type Bind<Settings> = (settings: () => Settings) => Promise<Listener>;

export interface Listeners<Settings extends ListeningPlace> {
  /** Those that stand, with what they stand for. */
  readonly bound: readonly { readonly listener: Listener; readonly settings: Settings }[];
  /**
   * Makes them those that are wanted: what keeps its address, port and kind of TLS stays bound, and its next client
   * meets the new settings. New ones are bound before old ones are closed, wherever both can be.
   *
   * @throws Node's error when an address cannot be bound; as far as possible everything is as it was then.
   */
  change(wanted: readonly Settings[]): Promise<void>;
  /** Whether a connection to this address would come to one of them. */
  isOne(address: string, port: number): boolean;
  close(graceMs: number): Promise<void>;
}

interface Entry<Settings> {
  settings: Settings;
  readonly listener: Listener;
}

/** A listener that is wanted, and what stands for it. */
interface Wanted<Settings> {
  readonly settings: Settings;
  entry: Entry<Settings> | undefined;
}

/** How long sessions may go on whose listener is no more. */
const GRACE_MS = 30_000;

export function openListeners<Settings extends ListeningPlace>(bind: Bind<Settings>): Listeners<Settings> {
  let entries: readonly Entry<Settings>[] = [];
  const leaving = new Set<Promise<void>>();

  async function bindEntry(settings: Settings): Promise<Entry<Settings>> {
    const slot = { settings };
    const listener = await bind(() => slot.settings);
    return Object.assign(slot, { listener });
  }

  /** Closes those of them that stand. */
  function leave(old: readonly Entry<Settings>[]): void {
    const going = entries.filter((entry) => old.includes(entry));
    entries = entries.filter((entry) => !old.includes(entry));
    for (const { listener } of going) {
      const gone = listener.close(GRACE_MS).finally(() => leaving.delete(gone));
      leaving.add(gone);
    }
  }

  async function change(wanted: readonly Settings[]): Promise<void> {
    const old = [...entries];
    const places: Wanted<Settings>[] = wanted.map((settings) => {
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
        // What was handed over to us would be gone for good.
        const inTheWay = old.filter(
          ({ settings, listener }) => unbound.includes(settings.port) && !listener.stood,
        );
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
      return entries.map(({ listener, settings }) => ({ listener, settings }));
    },
    change,
    isOne: (address, port) => entries.some(({ listener }) => isReachedBy(listener, address, port)),
    async close(graceMs) {
      await Promise.all([...leaving, ...entries.map(({ listener }) => listener.close(graceMs))]);
    },
  };
}

function isSamePlace(one: ListeningPlace, other: ListeningPlace): boolean {
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
