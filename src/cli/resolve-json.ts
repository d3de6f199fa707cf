/** The answer to `waxwing resolve` as a program reads it. */
import type { Link } from '../dns/answer.ts';
import { showName } from '../dns/name.ts';
import { showRecord, showType } from '../dns/show.ts';
import type { Resolution } from '../events/resolution.ts';
import type { Resolved } from './resolve-advice.ts';

export function toResolution({ answer, mode, resolvers, notices }: Resolved): Resolution {
  const { question, kind, status, ttl, owner, aliases, chain, because, errors } = answer;
  const shown = (records: readonly Uint8Array[]): string[] =>
    records.map((data) => showRecord(question.type, data));
  return {
    schema: 'waxwing.resolve/1',
    name: showName(question.name),
    type: showType(question.type),
    outcome: kind,
    status,
    records: kind === 'found' ? shown(answer.records) : [],
    ttl,
    chain: chain.map(toLink),
    because,
    what: kind === 'absent' ? answer.what : null,
    owner: showName(owner),
    aliases: aliases.map(({ from, to, by, status: proved }) => ({
      from: showName(from),
      to: showName(to),
      by,
      status: proved,
    })),
    unproven: kind === 'unknown' ? shown(answer.unproven) : [],
    errors: errors.map(({ code, text }) => ({ code, text })),
    dnssec: mode,
    resolvers: [...resolvers],
    notices: notices.map(({ says, remedy }) => ({ says, remedy })),
  };
}

function toLink({ kind, name, type, status, because }: Link): Resolution['chain'][number] {
  return { kind, name: showName(name), type: showType(type), status, because };
}
