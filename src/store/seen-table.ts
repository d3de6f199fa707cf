/** The table `tls_seen`: what sessions have shown, so that rules can be tried on them. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { SeenCount, SeenSession } from '../policies/report-only/seen.ts';
import { inOneCommit } from './in-one-commit.ts';
import type { SeenStore } from './result-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

/** Of one day. */
const MOST_DOMAINS = 20_000;
/** Different ones of one domain and day: hosts, certificates, ways to fail. */
const MOST_OF_DOMAIN = 40;
/** In place of what there was no room for. */
const NO_ROOM = '';

interface Row {
  readonly day: string;
  readonly domain: Domain;
  readonly seen: string;
  readonly sessions: number;
}

export function seenTable(database: DatabaseSync): SeenStore {
  const raise = command<[number, string, Domain, string]>(
    database,
    'UPDATE tls_seen SET sessions = sessions + ? WHERE day = ? AND domain = ? AND seen = ?',
  );
  const insert = command<[string, Domain, string, number]>(
    database,
    `INSERT INTO tls_seen (day, domain, seen, sessions) VALUES (?, ?, ?, ?)
     ON CONFLICT (day, domain, seen) DO UPDATE SET sessions = sessions + excluded.sessions`,
  );
  const ofDomain = queryOne<[string, Domain], { count: number }>(
    database,
    'SELECT count(*) AS count FROM tls_seen WHERE day = ? AND domain = ?',
  );
  const domainsOn = queryOne<[string], { count: number }>(
    database,
    'SELECT count(DISTINCT domain) AS count FROM tls_seen WHERE day = ?',
  );
  const since = queryAll<[Domain, string], Row>(
    database,
    'SELECT day, domain, seen, sessions FROM tls_seen WHERE domain = ? AND day >= ? ORDER BY day, seen',
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
    const known = ofDomain(day, domain)?.count ?? 0;
    if (known === 0 && (domainsOn(day)?.count ?? 0) >= MOST_DOMAINS) return true;
    const isFull = known >= MOST_OF_DOMAIN;
    insert(day, domain, isFull ? NO_ROOM : text, sessions);
    return isFull;
  }

  return {
    add(counts) {
      let spilled = 0;
      inOneCommit(database, () => {
        for (const count of counts) if (addOne(count)) spilled += 1;
      });
      return { spilled };
    },
    since: (day, domain) => since(domain, day).map(countOf),
    domains: (day, { after, limit }) => domains(after ?? '', day, limit).map(({ domain }) => domain),
    forget: (day) => forget(day).changes,
  };
}

function countOf({ day, domain, seen, sessions }: Row): SeenCount {
  return { day, domain, seen: seen === NO_ROOM ? null : seenFrom(seen), sessions };
}

function seenFrom(json: string): SeenSession {
  const seen: SeenSession = JSON.parse(json);
  return seen;
}
