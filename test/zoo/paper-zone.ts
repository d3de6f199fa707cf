/**
 * A zone on paper: every answer that a resolver would give over it, without servers and signatures.
 *
 * For set-ups of servers, whose addresses and keys are made anew in each run; what is wrong in zones themselves is shown
 * with the lab's, which are really signed and served.
 */
import type { Answer, DnssecStatus } from '../../src/dns/answer.ts';
import type { Name } from '../../src/dns/name.ts';
import type { Question, ResourceRecord } from '../../src/dns/record.ts';
import { types } from '../../src/dns/record.ts';
import { readRecords } from '../support/dns/zone-text.ts';

export interface PaperZone {
  /** Lines of a zone file with absolute names. */
  readonly text: string;
  readonly status: DnssecStatus;
}

/** Answers every question out of one zone; a name that it does not have does not exist. */
export function paperResolver({ text, status }: PaperZone): (question: Question) => Promise<Answer> {
  const records = readRecords(text);
  return async (question) => answerOf(records, question, status);
}

const ALIAS_LIMIT = 8;

function answerOf(records: readonly ResourceRecord[], question: Question, status: DnssecStatus): Answer {
  let owner: Name = question.name;
  const aliases: Answer['aliases'][number][] = [];
  for (;;) {
    const at = records.filter(({ name }) => name === owner);
    const found = at.filter(({ type }) => type === question.type);
    const signed = status === 'secure' ? Math.floor(Date.now() / 1000) : null;
    const common = {
      question,
      status,
      ttl: 3600,
      signedSince: signed === null ? null : signed - 20 * 86_400,
      signedUntil: signed === null ? null : signed + 20 * 86_400,
      owner,
      aliases,
      chain: [],
      because: `the zone on paper is ${status}`,
      errors: [],
    };
    if (found.length > 0) return { ...common, kind: 'found', records: found.map(({ data }) => data) };
    const alias = at.find(({ type }) => type === types.CNAME);
    if (alias === undefined || aliases.length >= ALIAS_LIMIT) {
      const exists = at.length > 0 || records.some(({ name }) => name.endsWith(owner));
      return { ...common, kind: 'absent', what: exists ? 'no-such-record' : 'no-such-name' };
    }
    const to = Buffer.from(alias.data).toString('latin1') as Name;
    aliases.push({ from: owner, to, by: 'CNAME', status });
    owner = to;
  }
}
