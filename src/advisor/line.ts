/** The protocol for programs that send one line and read to the end of the connection: Exim's `${readsocket…}`. */
import type { Domain } from '../names/domain.ts';
import { readKey } from '../policies/answers/key.ts';
import { failing, lineAnswer } from '../policies/answers/line.ts';
import type { Rules } from '../policies/demand.ts';
import type { Desk } from './desk.ts';
import type { Dialect } from './dialect.ts';
import { requestLineReader } from './lines.ts';
import { decoded } from './postfix-table.ts';

const MOST_REQUEST = 1_024;

/** @param rulesFor what operators say of mail to a domain at the moment; of a next hop that is no domain nobody does. */
export function line(desk: Desk, rulesFor: (domain: Domain | null) => Rules): Dialect {
  return {
    reader: () => requestLineReader(MOST_REQUEST),
    single: true,
    answer(request) {
      const kept = desk.kept(request);
      if (kept !== undefined) return kept;
      const [, text] = /^get ([^ ]+)$/.exec(request) ?? [];
      if (text === undefined) return desk.at('refused', ended(failing('defer', 'a request is: get DOMAIN')));
      const key = readKey(decoded(text));
      if (key.kind === 'nothing') return desk.at('absent', ended(failing('none', key.because)));
      if (key.kind === 'unclear') return desk.at('later', ended(failing('defer', key.because)));
      const domain = key.kind === 'domain' ? key.domain : null;
      return desk.lookUp(request, {
        target: key,
        reply(facts) {
          const answer = lineAnswer(facts, rulesFor(domain));
          const kind = / result=(\w+)$/.exec(answer)?.[1];
          return {
            kind: kind === 'deliver' ? 'policy' : kind === 'defer' ? 'later' : 'absent',
            text: ended(answer),
          };
        },
        failing: (because) => ended(failing('defer', because)),
      });
    },
  };
}

function ended(text: string): string {
  return `${text}\n`;
}
