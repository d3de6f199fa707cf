/** The tables of the policy list: the one that was accepted last, its domains, and what each key has signed. */
import type { DatabaseSync } from 'node:sqlite';
import type { Domain } from '../names/domain.ts';
import type { Signing } from '../policies/list/accept.ts';
import type { ListHead } from '../policies/list/facts.ts';
import type { ListMode, ListPolicy } from '../policies/list/policy-list.ts';
import type { EpochMs } from '../policies/words.ts';
import { inOneCommit } from './in-one-commit.ts';
import type { PolicyStore } from './policy-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

interface HeadRow {
  readonly timestamp: EpochMs;
  readonly expires: EpochMs;
  readonly author: string | null;
  readonly signers: string;
  readonly digest: string;
  readonly source: string;
  readonly acceptedAt: EpochMs;
  readonly domains: number;
  readonly ended: number;
}

interface ListedRow {
  readonly alias: string | null;
  readonly mode: ListMode;
  readonly mxs: string;
}

const HEAD = 'timestamp, expires, author, signers, digest, source, accepted_at AS acceptedAt, domains, ended';

export function listTable(database: DatabaseSync): PolicyStore['list'] {
  const head = queryOne<[], HeadRow>(database, `SELECT ${HEAD} FROM policy_list`);
  const listed = queryOne<[Domain], ListedRow>(
    database,
    `SELECT alias, mode, mxs FROM listed_domains JOIN listed_policies ON listed_policies.id = listed_domains.policy
     WHERE domain = ?`,
  );
  const signings = queryAll<[], Signing>(database, 'SELECT key, timestamp, digest FROM list_signings');
  const write = writerOf(database);
  return {
    head() {
      const row = head();
      return row === undefined ? undefined : headOf(row);
    },
    listed(domain) {
      const row = listed(domain);
      return row === undefined
        ? undefined
        : { policy: { mode: row.mode, mxs: mxsFrom(row.mxs) }, alias: row.alias };
    },
    signings: () => signings(),
    put: (accepted, source, now) => inOneCommit(database, () => write.all(accepted, source, now)),
    end: () => inOneCommit(database, () => write.end()),
  };
}

interface Writer {
  all(...accepted: Parameters<PolicyStore['list']['put']>): void;
  /** The domains go, and what was accepted stays known. */
  end(): void;
}

function writerOf(database: DatabaseSync): Writer {
  const noDomains = command<[]>(database, 'DELETE FROM listed_domains');
  const noPolicies = command<[]>(database, 'DELETE FROM listed_policies');
  const setEnded = command<[]>(database, 'UPDATE policy_list SET ended = 1');
  const putHead = command<[EpochMs, EpochMs, string | null, string, string, string, EpochMs, number]>(
    database,
    `INSERT OR REPLACE INTO policy_list (id, timestamp, expires, author, signers, digest, source, accepted_at, domains, ended)
     VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
  );
  const putPolicy = command<[string, string]>(
    database,
    'INSERT INTO listed_policies (mode, mxs) VALUES (?, ?)',
  );
  const putDomain = command<[Domain, number, string | null]>(
    database,
    'INSERT INTO listed_domains (domain, policy, alias) VALUES (?, ?, ?)',
  );
  const putSigning = command<[string, EpochMs, string]>(
    database,
    `INSERT INTO list_signings (key, timestamp, digest) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET timestamp = excluded.timestamp, digest = excluded.digest
     WHERE list_signings.timestamp < excluded.timestamp`,
  );
  const end = (): void => {
    noDomains();
    noPolicies();
    setEnded();
  };
  return {
    all({ list, digest, signers }, source, now) {
      end();
      const { timestamp, expires, author, domains } = list;
      // An alias may stand for thousands of domains.
      const rows = new Map<ListPolicy, number>();
      for (const [domain, { policy, alias }] of domains) {
        const row = rows.get(policy) ?? putPolicy(policy.mode, JSON.stringify(policy.mxs)).lastRow;
        rows.set(policy, row);
        putDomain(domain, row, alias);
      }
      putHead(timestamp, expires, author, signers.join(' '), digest, source, now, domains.size);
      for (const key of signers) putSigning(key, timestamp, digest);
    },
    end,
  };
}

function headOf({ signers, ended, ...row }: HeadRow): ListHead {
  return { ...row, signers: signers.split(' '), ended: ended === 1 };
}

function mxsFrom(json: string): ListPolicy['mxs'] {
  const mxs: ListPolicy['mxs'] = JSON.parse(json);
  return mxs;
}
