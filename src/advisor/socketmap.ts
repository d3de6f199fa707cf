/**
 * The socketmap protocol as Postfix speaks it (socketmap_table(5)): one netstring `NAME SPACE KEY` for each request, one netstring with the
 * answer.
 *
 * The name chooses between tables. Every name is a table here, so that a client of postfix-mta-sts-resolver need not be changed;
 * two names are those of postfix-tlspol, and others of its names, which are commands there, are refused.
 */
import {
  attributesFor,
  type PostfixAttributes,
  type PostfixVersion,
} from '../policies/answers/postfix-text.ts';
import type { Desk } from './desk.ts';
import type { Dialect } from './dialect.ts';
import { netstring, netstringReader } from './netstrings.ts';
import { answerFromTable, type TableTerms, type TableWords } from './postfix-table.ts';

export interface SocketmapTerms extends TableTerms {
  readonly version: PostfixVersion;
}

/** Postfix sends no more since it has a limit (3.12). */
const MOST_REQUEST = 10_000;
/** Postfix takes no more: 100,000 with the status before it. */
const MOST_POLICY = 99_990;
const MOST_REASON = 400;

/** Names of postfix-tlspol that are no tables; in lower case. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ['json', 'JSON is answered by HTTP: GET /v1/policy/DOMAIN at a listener with protocol = "http"'],
  ['dump', 'what is kept is shown by: waxwing policy list'],
  ['export', 'what is kept is shown by: waxwing policy list'],
  ['purge', 'what is kept of a domain is forgotten by: waxwing policy purge DOMAIN'],
]);

const words: TableWords = {
  fits: (text) => text.length <= MOST_POLICY,
  found: (text) => netstring(`OK ${text}`),
  notFound: netstring('NOTFOUND '),
  later: (because, late) => netstring(`${late ? 'TIMEOUT' : 'TEMP'} ${printable(because)}`),
};

/** @param terms those of the moment. */
export function socketmap(desk: Desk, terms: () => SocketmapTerms): Dialect {
  return {
    reader: () => netstringReader(MOST_REQUEST),
    single: false,
    answer(request) {
      const kept = desk.kept(request);
      if (kept !== undefined) return kept;
      const space = request.indexOf(' ');
      if (space < 1) return refuse(desk, 'a request is the name of a table, a space and a key');
      const name = request.slice(0, space);
      const instead = COMMANDS.get(name.toLowerCase());
      if (instead !== undefined) return refuse(desk, instead);
      const now = terms();
      return answerFromTable(
        desk,
        request,
        request.slice(space + 1),
        now,
        attributesOf(name, now.version),
        words,
      );
    },
  };
}

/** Who asks under a name of postfix-tlspol says by it what Postfix can take. */
function attributesOf(name: string, version: PostfixVersion): PostfixAttributes {
  const attributes = attributesFor(version);
  switch (name.toLowerCase()) {
    case 'query':
      return { ...attributes, tlsRpt: false };
    case 'querywithtlsrpt':
      return { serverName: true, tlsRpt: true };
    default:
      return attributes;
  }
}

function refuse(desk: Desk, because: string): string {
  return desk.at('refused', netstring(`PERM ${because}`));
}

/** A reason holds words of others. */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?').slice(0, MOST_REASON);
}
