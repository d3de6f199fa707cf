/** Counts how mail travelled, by day, direction and domain, until that is written down. */
import type { DeliveryEvent, RelayEvent } from '../events/delivery-event.ts';
import { isLoopback } from '../names/address.ts';
import { isAscii, parseDomain } from '../names/domain.ts';
import type { TravelCount } from '../store/result-store.ts';

export interface Travel {
  /** Counts what was handed over to others; events of another kind, and mail that stays on this host, do not count. */
  sent(events: readonly RelayEvent[]): void;
  /** @param client who handed the message in, by address. */
  taken(events: readonly DeliveryEvent[], client: string): void;
  /** Gives away all that was counted, and begins anew. */
  take(): readonly TravelCount[];
  /** Whether so much has gathered that it should be taken. */
  readonly isFull: boolean;
}

/** The domain of mail that has no sender. */
export const NO_SENDER = '<>';

/** Of RFC 3339, in UTC. */
const DAY_CHARACTERS = '2026-11-28'.length;
/** Domains until they are written down, of both directions. */
const MOST_GATHERED = 20_000;

type Counted = { -readonly [Key in keyof TravelCount]: TravelCount[Key] };

export function createTravel(): Travel {
  let counts = new Map<string, Counted>();

  function count(direction: TravelCount['direction'], address: string, event: DeliveryEvent): void {
    const outcome = event.tls?.outcome ?? null;
    if (outcome === null) return;
    const day = event.at.slice(0, DAY_CHARACTERS);
    const domain = domainOf(address);
    const key = `${day} ${direction} ${domain}`;
    const known = counts.get(key);
    const counted = known ?? { day, direction, domain, authenticated: 0, encrypted: 0, cleartext: 0 };
    counted[outcome] += 1;
    if (known === undefined) counts.set(key, counted);
  }

  return {
    sent(events) {
      for (const event of events) {
        if (event.event !== 'delivered') continue;
        const address = event.mx?.address ?? null;
        if (address !== null && !isLoopback(address)) count('out', event.to, event);
      }
    },
    taken(events, client) {
      if (isLoopback(client)) return;
      for (const event of events) if (event.event === 'received') count('in', event.from, event);
    },
    take() {
      const taken = [...counts.values()];
      counts = new Map();
      return taken;
    },
    get isFull() {
      return counts.size >= MOST_GATHERED;
    },
  };
}

/** In its one spelling, as operators ask for it. */
function domainOf(address: string): string {
  if (address === '') return NO_SENDER;
  const written = address.slice(address.lastIndexOf('@') + 1);
  if (isAscii(written)) return written.toLowerCase();
  const domain = parseDomain(written);
  return domain.kind === 'ok' ? domain.value : written;
}
