/** The tables `tls_results` and `tls_failures`: what sessions came to, added up by day, domain and policy. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { FailureDetail, ReportedPolicy, ResultSource } from '../reports/tls-rpt/session-result.ts';
import { type ResultCount, typeAlone } from '../reports/tls-rpt/tally.ts';
import type { ResultStore } from './result-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

/** What a day may hold, so that nobody fills the medium by names that he makes up. */
const MOST_DOMAINS = 20_000;
/** Records and policies of one domain; beyond them the rest of it counts together. */
const MOST_POLICIES = 40;
/** Different failures under one policy; the rest is told by its type alone. */
const MOST_DETAILS = 200;
/**
 * Characters of a day in all, as names, records and failures are what peers say: of a busy day they are some megabytes. Beyond
 * them only numbers are added.
 */
const MOST_CHARACTERS = 128 * 1024 * 1024;

interface ResultRow {
  readonly id: number;
  readonly day: string;
  readonly source: ResultSource;
  readonly domain: string;
  readonly record: string | null;
  readonly policy: string;
  readonly successes: number;
  readonly failures: number;
}

type Count = Omit<ResultCount, 'details'>;

const COLUMNS = 'id, day, source, domain, record, policy, successes, failures';

export function resultsTable(database: DatabaseSync, mostCharacters = MOST_CHARACTERS): ResultStore {
  const find = queryOne<[string, string, string], { id: number }>(
    database,
    'SELECT id FROM tls_results WHERE day = ? AND domain = ? AND key = ?',
  );
  const insert = command<[string, ResultSource, string, string | null, string, string]>(
    database,
    `INSERT INTO tls_results (day, source, domain, record, policy, key, successes, failures)
     VALUES (?, ?, ?, ?, ?, ?, 0, 0)`,
  );
  const raise = command<[number, number, number]>(
    database,
    'UPDATE tls_results SET successes = successes + ?, failures = failures + ? WHERE id = ?',
  );
  const policiesOf = queryOne<[string, string], { count: number }>(
    database,
    'SELECT count(*) AS count FROM tls_results WHERE day = ? AND domain = ?',
  );
  const domainsOf = queryOne<[string], { count: number }>(
    database,
    'SELECT count(DISTINCT domain) AS count FROM tls_results WHERE day = ?',
  );
  const raiseDetail = command<[number, number, string]>(
    database,
    'UPDATE tls_failures SET sessions = sessions + ? WHERE result = ? AND detail = ?',
  );
  const detailsOf = queryOne<[number], { count: number }>(
    database,
    'SELECT count(*) AS count FROM tls_failures WHERE result = ?',
  );
  const insertDetail = command<[number, string, number]>(
    database,
    `INSERT INTO tls_failures (result, detail, sessions) VALUES (?, ?, ?)
     ON CONFLICT (result, detail) DO UPDATE SET sessions = sessions + excluded.sessions`,
  );
  const byDomain = queryAll<[string, string], ResultRow>(
    database,
    `SELECT ${COLUMNS} FROM tls_results WHERE day = ? AND domain = ? ORDER BY id`,
  );
  const domains = queryAll<[string, string, number], { domain: string }>(
    database,
    'SELECT DISTINCT domain FROM tls_results WHERE day = ? AND domain > ? ORDER BY domain LIMIT ?',
  );
  const failures = queryAll<[number], { detail: string; sessions: number }>(
    database,
    'SELECT detail, sessions FROM tls_failures WHERE result = ? ORDER BY sessions DESC, detail',
  );
  const forget = command<[string]>(database, 'DELETE FROM tls_results WHERE day < ?');
  const written = queryOne<[string, string], { policies: number; details: number }>(
    database,
    `SELECT (SELECT coalesce(sum(length(policy) + length(coalesce(record, ''))), 0) FROM tls_results WHERE day = ?) AS policies,
       (SELECT coalesce(sum(length(detail)), 0) FROM tls_failures JOIN tls_results ON id = result WHERE day = ?) AS details`,
  );
  /** Characters by day; what a transaction that failed has added is there until the next start. */
  const characters = new Map<string, number>();

  function charactersOf(day: string): number {
    const known = characters.get(day);
    if (known !== undefined) return known;
    const { policies = 0, details = 0 } = written(day, day) ?? {};
    characters.set(day, policies + details);
    return policies + details;
  }

  function grow(day: string, ...texts: readonly (string | null)[]): void {
    const more = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
    characters.set(day, charactersOf(day) + more);
  }

  function add(count: ResultCount, room: Map<string, number>): boolean {
    const placed = place(count, room);
    const { id } = placed;
    raise(count.successes, count.failures, id);
    for (const { detail, sessions } of count.details) addDetail(count.day, id, detail, sessions);
    return placed.spilled;
  }

  /** @param room domains for which there is room left, by day. */
  function place(
    count: Count,
    room: Map<string, number>,
  ): { readonly id: number; readonly spilled: boolean } {
    const { day, domain } = count;
    const known = find(day, domain, keyOf(count));
    if (known !== undefined) return { id: known.id, spilled: false };
    const policies = policiesOf(day, domain)?.count ?? 0;
    const left = room.get(day) ?? MOST_DOMAINS - (domainsOf(day)?.count ?? 0);
    const isFull = charactersOf(day) >= mostCharacters;
    if (policies === 0 && (left <= 0 || isFull)) return { id: shared(count, OTHERS), spilled: true };
    if (policies >= MOST_POLICIES || isFull) return { id: shared(count, domain), spilled: true };
    room.set(day, policies === 0 ? left - 1 : left);
    return { id: make(count), spilled: false };
  }

  /** The row for all that has no room for itself: one for each source and type of policy. */
  function shared({ policy, ...count }: Count, domain: string): number {
    const bare: ReportedPolicy = { type: policy.type, domain, strings: [], mxHosts: [] };
    const one = { ...count, domain, record: null, policy: bare };
    return find(one.day, domain, keyOf(one))?.id ?? make(one);
  }

  function make(count: Count): number {
    const { day, source, domain, record, policy } = count;
    const text = JSON.stringify(policy);
    grow(day, text, record);
    return insert(day, source, domain, record, text, keyOf(count)).lastRow;
  }

  function addDetail(day: string, id: number, detail: FailureDetail, sessions: number): void {
    const text = JSON.stringify(detail);
    if (raiseDetail(sessions, id, text).changes > 0) return;
    const crowded = charactersOf(day) >= mostCharacters || (detailsOf(id)?.count ?? 0) >= MOST_DETAILS;
    const kept = crowded ? JSON.stringify(typeAlone(detail)) : text;
    grow(day, kept);
    insertDetail(id, kept, sessions);
  }

  const countOf = ({ id, policy, ...row }: ResultRow): ResultCount => ({
    ...row,
    policy: policyFrom(policy),
    details: failures(id).map(({ detail, sessions }) => ({ detail: detailFrom(detail), sessions })),
  });

  return {
    add(counts) {
      const room = new Map<string, number>();
      let spilled = 0;
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const count of counts) if (add(count, room)) spilled += 1;
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      return { spilled };
    },
    of: (day, domain) => byDomain(day, domain).map(countOf),
    domains: (day, { after, limit }) => domains(day, after ?? '', limit).map(({ domain }) => domain),
    forget(day) {
      characters.clear();
      return forget(day).changes;
    },
  };
}

/** In place of domains for which there is no room; no domain of the Internet has one label. */
const OTHERS = 'other';

/** What makes two rows of a domain and day the same; a policy may be long. */
function keyOf({ source, record, policy }: Count): string {
  return createHash('sha256')
    .update(JSON.stringify([source, record, policy]))
    .digest('base64');
}

function policyFrom(json: string): ReportedPolicy {
  const policy: ReportedPolicy = JSON.parse(json);
  return policy;
}

function detailFrom(json: string): FailureDetail {
  const detail: FailureDetail = JSON.parse(json);
  return detail;
}
