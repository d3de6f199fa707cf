/**
 * What was seen of TLS at hosts, so that not every message pays for what is known: which need a small ClientHello, and
 * where TLS is broken. Held in memory only, bounded in number and in time.
 *
 * The second is a way to downgrade, as whoever can break a handshake can have it remembered. So it is never asked where TLS
 * is required, and it never grants more time in clear than handshakes have failed before, one after the other: a row of
 * failures that has lasted ten minutes is remembered for ten minutes, at most for an hour, and one failure, or a burst of
 * them, for no time at all. Whoever wants mail in clear has to break each handshake for as long as he then gets it for
 * nothing. Any handshake that works ends the row.
 */

/** A host at an address. */
interface TlsPeer {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/** Something that is remembered of a host, as an operator sees it. */
export interface RememberedTls extends TlsPeer {
  /** `broken`: mail that may go in clear is not offered TLS. `small-hello`: TLS begins with a small ClientHello. */
  readonly kind: 'broken' | 'small-hello';
  /** Milliseconds since 1970: since when it is so, and when it is tried again as if nothing were known. */
  readonly since: number;
  readonly until: number;
  /** Handshakes that failed in a row; of a small hello 1. */
  readonly failures: number;
  readonly because: string;
}

export interface TlsMemory {
  /** Why this host gets a small ClientHello; undefined: it gets the usual one. */
  smallHello(peer: TlsPeer): string | undefined;
  /** Why TLS is not tried here. To be asked only where nothing requires it. */
  broken(peer: TlsPeer): string | undefined;
  /** The usual ClientHello got no answer, and a small one did. */
  needsSmallHello(peer: TlsPeer, because: string): void;
  /** A handshake was done. */
  worked(peer: TlsPeer): void;
  /** TLS could not be had, and a session in clear could. */
  fellBack(peer: TlsPeer, because: string): void;
  /** All that is remembered now. */
  list(): readonly RememberedTls[];
  /** An operator asks for everything to be tried again. */
  forget(): void;
}

/** Told once, when it begins to be remembered. */
export type TlsNotice = (remembered: RememberedTls) => void;

const MINUTE_MS = 60_000;
const LONGEST_MS = 60 * MINUTE_MS;
/** Failures side by side, in one burst of mail, say no more than one. */
const SHORTEST_ROW_MS = MINUTE_MS;
/** For less mail than that there is little to save, and little is known. */
const FEWEST_FAILURES = 5;
/** A row ends where nobody has tried for so long although somebody might have: what was between is not known. */
const LONGEST_GAP_MS = 10 * MINUTE_MS;
/** Hosts of each kind. The oldest is forgotten first, so that its TLS is tried again. */
const MOST_HOSTS = 10_000;

interface Row {
  readonly peer: TlsPeer;
  readonly since: number;
  last: number;
  failures: number;
  because: string;
  told: boolean;
}

interface Small {
  readonly peer: TlsPeer;
  readonly since: number;
  readonly because: string;
}

/** @param now milliseconds since 1970; a clock that goes back ends what was remembered. */
export function startTlsMemory(now: () => number, onNotice: TlsNotice): TlsMemory {
  const failing = new Map<string, Row>();
  const small = new Map<string, Small>();

  function rowOf(key: string): Row | undefined {
    const row = failing.get(key);
    if (row === undefined || isWithin(now(), row.last, memoryOf(row) + LONGEST_GAP_MS)) return row;
    failing.delete(key);
    return undefined;
  }

  function smallOf(key: string): Small | undefined {
    const found = small.get(key);
    if (found === undefined || isWithin(now(), found.since, LONGEST_MS)) return found;
    small.delete(key);
    return undefined;
  }

  return {
    smallHello(peer) {
      if (small.size === 0) return undefined;
      const found = smallOf(keyOf(peer));
      return found && `${found.because} (since ${rfc3339(found.since)})`;
    },
    broken(peer) {
      if (failing.size === 0) return undefined;
      const row = rowOf(keyOf(peer));
      if (row === undefined || !isWithin(now(), row.last, memoryOf(row))) return undefined;
      const { because, failures, since, last } = row;
      const until = rfc3339(last + memoryOf(row));
      return `TLS failed ${failures} times in a row since ${rfc3339(since)} and is not tried again before ${until}: ${because}`;
    },
    needsSmallHello(peer, because) {
      const key = keyOf(peer);
      if (smallOf(key) !== undefined) return;
      const found = { peer, since: now(), because };
      put(small, key, found);
      onNotice(shownSmall(found));
    },
    worked(peer) {
      if (failing.size > 0) failing.delete(keyOf(peer));
    },
    fellBack(peer, because) {
      const key = keyOf(peer);
      const before = rowOf(key);
      const at = now();
      const row = before ?? { peer, since: at, last: at, failures: 0, because, told: false };
      row.last = at;
      row.failures += 1;
      row.because = because;
      put(failing, key, row);
      if (row.told || memoryOf(row) === 0) return;
      row.told = true;
      onNotice(shownRow(row));
    },
    list() {
      const at = now();
      const broken = [...failing.values()].filter((one) => isWithin(at, one.last, memoryOf(one)));
      const hellos = [...small.values()].filter(({ since }) => isWithin(at, since, LONGEST_MS));
      return [...broken.map(shownRow), ...hellos.map(shownSmall)];
    },
    forget() {
      failing.clear();
      small.clear();
    },
  };
}

/** For how long after its last failure a row is remembered, ms. */
function memoryOf({ since, last, failures }: Row): number {
  const lasted = last - since;
  if (failures < FEWEST_FAILURES || lasted < SHORTEST_ROW_MS) return 0;
  return Math.min(lasted, LONGEST_MS);
}

function isWithin(now: number, since: number, ms: number): boolean {
  return now >= since && now < since + ms;
}

function put<Entry>(map: Map<string, Entry>, key: string, entry: Entry): void {
  map.delete(key);
  map.set(key, entry);
  if (map.size <= MOST_HOSTS) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function keyOf({ host, address, port }: TlsPeer): string {
  return `${host} ${address} ${port}`;
}

function shownRow(row: Row): RememberedTls {
  const { peer, since, last, failures, because } = row;
  return { kind: 'broken', ...placeOf(peer), since, until: last + memoryOf(row), failures, because };
}

function shownSmall({ peer, since, because }: Small): RememberedTls {
  return {
    kind: 'small-hello',
    ...placeOf(peer),
    since,
    until: since + LONGEST_MS,
    failures: 1,
    because,
  };
}

/** A next hop has more than that. */
function placeOf({ host, address, port }: TlsPeer): TlsPeer {
  return { host, address, port };
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
