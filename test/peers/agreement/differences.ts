/**
 * Every difference between what we say of a server and what another program does, with its reason.
 *
 * One that no row explains fails the run, and so does a row that explains none any more.
 */
import type { Kind } from './compare.ts';
import type { Met, Result } from './result.ts';
import type { ToolName } from './tool.ts';

export interface Explained {
  readonly tools: readonly ToolName[];
  readonly servers: RegExp;
  readonly kind: Kind;
  readonly what: RegExp;
  /** What we say; the other one says something else. */
  readonly ours: RegExp;
  readonly right: 'waxwing' | 'the other' | 'both';
  readonly why: string;
  /** A server at which it shows in every run. */
  readonly at: string;
}

export const explained: readonly Explained[] = [];

export function explains(one: Explained, { tool, server, kind, what, ours }: Met): boolean {
  return (
    one.kind === kind &&
    one.tools.includes(tool) &&
    one.servers.test(server) &&
    one.what.test(what) &&
    one.ours.test(ours)
  );
}

export interface Sorted {
  /** Each row with what it explains. */
  readonly rows: readonly { readonly row: Explained; readonly met: readonly Met[] }[];
  readonly unexplained: readonly Met[];
  /** Rows whose server was looked at, and that explain nothing. */
  readonly idle: readonly Explained[];
}

/** Sorts differences by the first row that explains them. */
export function sorted(results: readonly Result[], differences: readonly Met[]): Sorted {
  const byRow = new Map(explained.map((row) => [row, [] as Met[]]));
  const unexplained: Met[] = [];
  for (const one of differences) {
    const row = explained.find((candidate) => explains(candidate, one));
    if (row === undefined) unexplained.push(one);
    else byRow.get(row)?.push(one);
  }
  const isSeen = ({ at, tools }: Explained): boolean =>
    results.some(
      (result) =>
        result.name === at && result.tools.some(({ kind, name }) => kind === 'seen' && tools.includes(name)),
    );
  const rows = [...byRow].map(([row, met]) => ({ row, met }));
  return {
    rows,
    unexplained,
    idle: rows
      .filter(({ row, met }) => isSeen(row) && !met.some(({ server }) => server === row.at))
      .map(({ row }) => row),
  };
}
