/** The table `outbound_tls`: what TLS sessions with the hosts of other domains have reached. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { Against, DayCount, SessionNote, Track, TrackKey } from '../policies/memory/track.ts';
import type { EpochMs } from '../policies/words.ts';
import { inOneCommit } from './in-one-commit.ts';
import type { PolicyStore } from './policy-store.ts';
import type { MemoryRules, MemoryStore } from './result-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

interface Row {
  readonly domain: Domain;
  readonly host: Domain | '';
  readonly level: Track['level'];
  readonly since: EpochMs;
  readonly sessions: number;
  readonly last_at: EpochMs;
  readonly proof: Track['proof'];
  readonly spki: string | null;
  readonly against: string | null;
  readonly days: string;
}

type Key = [Domain, Domain | '', Track['level']];
type Values = [...Key, EpochMs, number, EpochMs, Track['proof'], string | null, string | null, string];

const COLUMNS = 'domain, host, level, since, sessions, last_at, proof, spki, against, days';
const BY_KEY = 'domain = ? AND host = ? AND level = ?';
/** Whoever forges MX records can name a new host each time. */
const MOST_HOSTS = 20;
/** In the table: young ones go first, of those that are left the ones that were not used for longest. */
const MOST_TRACKS = 200_000;
/** How many come new before they are counted: that walks the table. */
const COUNT_AFTER = 2_000;

/** @param most for tests: tracks of all domains together, and how many may come new before they are counted. */
export function memoryTable(
  database: DatabaseSync,
  most: { readonly tracks: number; readonly uncounted: number } = {
    tracks: MOST_TRACKS,
    uncounted: COUNT_AFTER,
  },
): MemoryStore & PolicyStore['memory'] {
  const of = queryAll<[Domain], Row>(
    database,
    `SELECT ${COLUMNS} FROM outbound_tls WHERE domain = ? ORDER BY host, level`,
  );
  const get = queryOne<Key, Row>(database, `SELECT ${COLUMNS} FROM outbound_tls WHERE ${BY_KEY}`);
  const put = command<Values>(
    database,
    `INSERT OR REPLACE INTO outbound_tls (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = command<Key>(database, `DELETE FROM outbound_tls WHERE ${BY_KEY}`);
  const removeHost = command<[Domain, Domain | '']>(
    database,
    'DELETE FROM outbound_tls WHERE domain = ? AND host = ?',
  );
  const removeAll = command<[Domain]>(database, 'DELETE FROM outbound_tls WHERE domain = ?');
  const forget = command<[EpochMs]>(database, 'DELETE FROM outbound_tls WHERE last_at < ?');
  const countAll = queryOne<[], { count: number }>(database, 'SELECT count(*) AS count FROM outbound_tls');
  const removeLeast = command<[number, number, number]>(
    database,
    `DELETE FROM outbound_tls WHERE (domain, host, level) IN
       (SELECT domain, host, level FROM outbound_tls
        ORDER BY last_at - since >= ? AND sessions >= ?, last_at LIMIT ?)`,
  );
  let uncounted = most.uncounted;

  /** Whether there is, or can be made, room for one more host. */
  function makeRoom(domain: Domain, rules: MemoryRules): boolean {
    const hosts = new Map<Domain, { readonly young: boolean; readonly lastAt: EpochMs }>();
    for (const track of of(domain).map(trackOf)) {
      if (track.host === null) continue;
      const known = hosts.get(track.host);
      const young = (known?.young ?? true) && isYoung(track, rules);
      hosts.set(track.host, { young, lastAt: Math.max(known?.lastAt ?? 0, track.lastAt) });
    }
    if (hosts.size < MOST_HOSTS) return true;
    const young = [...hosts].filter(([, host]) => host.young);
    const [oldest] = young.toSorted(([, a], [, b]) => a.lastAt - b.lastAt);
    if (oldest === undefined) return false;
    removeHost(domain, oldest[0]);
    return true;
  }

  function putOnRecord(key: TrackKey, note: SessionNote, rules: MemoryRules): void {
    const place: Key = [key.domain, key.host ?? '', key.level];
    const row = get(...place);
    const before = row === undefined ? undefined : trackOf(row);
    const track = rules.after(before, key, note);
    if (track === before) return;
    if (track === undefined) {
      remove(...place);
      return;
    }
    if (before === undefined) {
      if (key.host !== null && !isKnown(key.domain, key.host) && !makeRoom(key.domain, rules)) return;
      uncounted += 1;
    }
    put(...valuesOf(track));
  }

  /** By its other level. */
  function isKnown(domain: Domain, host: Domain): boolean {
    return LEVELS.some((level) => get(domain, host, level) !== undefined);
  }

  return {
    of: (domain) => of(domain).map(trackOf),
    purge: (domain) => removeAll(domain).changes,
    add(notes, rules) {
      inOneCommit(database, () => {
        for (const note of notes) for (const key of rules.keysOf(note)) putOnRecord(key, note, rules);
        if (uncounted < most.uncounted) return;
        const excess = (countAll()?.count ?? 0) - most.tracks;
        if (excess > 0) removeLeast(rules.leastAgeMs, rules.leastSessions, excess);
        uncounted = 0;
      });
    },
    forget: (before) => forget(before).changes,
  };
}

const LEVELS = ['encrypt', 'authenticate'] as const satisfies readonly Track['level'][];

function isYoung({ since, lastAt, sessions }: Track, { leastAgeMs, leastSessions }: MemoryRules): boolean {
  return lastAt - since < leastAgeMs || sessions < leastSessions;
}

function valuesOf({ domain, host, level, since, sessions, lastAt, proof, spki, ...track }: Track): Values {
  const against = track.against === null ? null : JSON.stringify(track.against);
  const days = JSON.stringify(track.days);
  return [domain, host ?? '', level, since, sessions, lastAt, proof, spki, against, days];
}

function trackOf({ domain, host, level, since, sessions, last_at: lastAt, proof, spki, ...row }: Row): Track {
  return {
    domain,
    host: host === '' ? null : host,
    level,
    since,
    sessions,
    lastAt,
    proof,
    spki,
    against: row.against === null ? null : againstFrom(row.against),
    days: daysFrom(row.days),
  };
}

function againstFrom(json: string): Against {
  const against: Against = JSON.parse(json);
  return against;
}

function daysFrom(json: string): readonly DayCount[] {
  const days: readonly DayCount[] = JSON.parse(json);
  return days;
}
