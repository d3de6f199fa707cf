/** The table `tls_seen`: what sessions have shown, so that rules can be tried on them. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { SeenCount, SeenSession } from '../policies/report-only/seen.ts';
import { inOneCommit } from './in-one-commit.ts';
import type { SeenStore } from './result-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

/** Different ones of one domain and day: hosts, certificates, ways to fail. */
const MOST_OF_DOMAIN = 40;
/** Rows of one day that say what was seen; some hundred octets each, as peers name themselves in certificates. */
const MOST_OF_DAY = 20_000;
/** With rows that say no more than that there was more: behind these it is known of the day, and not of whom. */
const MOST_TIMES = 5;
/** In place of a domain: sessions of that day with some for which there was no room. */
const SOMEBODY = '';
/** In place of what there was no room for: whoever judges the domain has to know that there was more. */
const NO_ROOM = '';
/** How many rows at least come new before those of the day are counted again, which walks them: other processes add to them, too. */
const COUNT_AFTER = 500;

interface Row {
  readonly day: string;
  readonly domain: Domain | typeof SOMEBODY;
  readonly seen: string;
  readonly sessions: number;
}

/** @param mostOfDay for tests. */
export function seenTable(database: DatabaseSync, mostOfDay = MOST_OF_DAY): SeenStore {
  const raise = command<[number, string, Domain, string]>(
    database,
    'UPDATE tls_seen SET sessions = sessions + ? WHERE day = ? AND domain = ? AND seen = ?',
  );
  const insert = command<[string, Row['domain'], string, number]>(
    database,
    `INSERT INTO tls_seen (day, domain, seen, sessions) VALUES (?, ?, ?, ?)
     ON CONFLICT (day, domain, seen) DO UPDATE SET sessions = sessions + excluded.sessions`,
  );
  const ofDomain = queryOne<[string, Domain], { count: number }>(
    database,
    'SELECT count(*) AS count FROM tls_seen WHERE day = ? AND domain = ?',
  );
  const onDay = queryOne<[string], { count: number }>(
    database,
    'SELECT count(*) AS count FROM tls_seen WHERE day = ?',
  );
  const since = queryAll<[Domain, string], Row>(
    database,
    `SELECT day, domain, seen, sessions FROM tls_seen WHERE domain IN (?, '${SOMEBODY}') AND day >= ? ORDER BY day, seen`,
  );
  const domains = queryAll<[string, string, number], { domain: Domain }>(
    database,
    'SELECT DISTINCT domain FROM tls_seen WHERE domain > ? AND day >= ? ORDER BY domain LIMIT ?',
  );
  const forget = command<[string]>(database, 'DELETE FROM tls_seen WHERE day < ?');

  /** @returns whether there was no room for it. */
  function addOne({ day, domain, seen, sessions }: SeenCount): boolean {
    const text = seen === null ? NO_ROOM : JSON.stringify(seen);
    if (raise(sessions, day, domain, text).changes > 0) return false;
    const own = ofDomain(day, domain)?.count ?? 0;
    const rows = rowsOn(day);
    const isFull = own >= MOST_OF_DOMAIN || rows >= mostOfDay;
    // Whoever has a row of that day has one more for all that there was no room for.
    const isLost = own === 0 && rows >= mostOfDay * MOST_TIMES;
    insert(day, isLost ? SOMEBODY : domain, isFull ? NO_ROOM : text, sessions);
    return isFull;
  }

  let counted = { day: '', rows: 0, fresh: 0 };

  function rowsOn(day: string): number {
    const isOver = counted.day === day && counted.rows + counted.fresh >= mostOfDay * MOST_TIMES;
    const isStale = counted.fresh >= Math.max(COUNT_AFTER, counted.rows / 20);
    if (counted.day !== day || (isStale && !isOver))
      counted = { day, rows: onDay(day)?.count ?? 0, fresh: 0 };
    if (!isOver) counted.fresh += 1;
    return counted.rows + counted.fresh - (isOver ? 0 : 1);
  }

  return {
    add(counts) {
      let spilled = 0;
      inOneCommit(database, () => {
        for (const count of counts) if (addOne(count)) spilled += 1;
      });
      return { spilled };
    },
    since(day, domain) {
      const rows = since(domain, day);
      const known = new Set(rows.filter((row) => row.domain === domain).map((row) => row.day));
      return rows
        .filter((row) => row.domain === domain || !known.has(row.day))
        .map((row) => countOf(row, domain));
    },
    domains: (day, { after, limit }) => domains(after ?? '', day, limit).map(({ domain }) => domain),
    forget: (day) => forget(day).changes,
  };
}

function countOf({ day, domain: of, seen, sessions }: Row, domain: Domain): SeenCount {
  // Of those with somebody none may be of this domain: that is not known.
  if (of === SOMEBODY) return { day, domain, seen: null, sessions: 1 };
  return { day, domain, seen: seen === NO_ROOM ? null : seenFrom(seen), sessions };
}

function seenFrom(json: string): SeenSession {
  const seen: SeenSession = JSON.parse(json);
  return seen;
}
