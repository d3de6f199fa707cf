/** What is answered in clear: what we are, and how to get to TLS. RFC 3977 §5, RFC 4642 §2, RFC 4643 §2. */
import type { FrontRules, GatewayEffect } from '../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../wire/next-line.ts';
import { userShown } from '../sasl/user-shown.ts';
import { close, isBrowser, type NntpState, type NntpStep, say, waits, wordsOf } from './state.ts';

type Clear = Extract<NntpState, { phase: 'clear' }>;

/** RFC 3977 §3.1 has 512; the first message of a login may be longer (RFC 4643 §2.4.1). */
const MAX_LINE_BYTES = 8192;
const MAX_COMMANDS = 100;

export const beforeAnything: Clear = { phase: 'clear', commands: 0, user: null, mechanism: null };

/**
 * The greeting, and the answer to MODE READER. That posting is allowed is for the backend to say: a client that hears
 * 201 here may never try, whatever it is told inside TLS.
 */
export function greeting({ hostname }: Pick<FrontRules, 'hostname'>): string {
  return `200 ${hostname} ready, start TLS first`;
}

export function onClearLine(rules: FrontRules, state: Clear, unread: Buffer): NntpStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    const what = `a line ${badLineWords[next.what]}`;
    return close(unread.length, `sent ${what}`, `400 ${rules.hostname} closing: ${what}`);
  }
  const { line, used } = next;
  if (isBrowser(line)) return close(unread.length, 'sent an HTTP request');
  const commands = state.commands + 1;
  if (commands > MAX_COMMANDS) {
    return close(used, 'sent too many commands in clear', `400 ${rules.hostname} closing: too many commands`);
  }
  const answer = (effects: readonly GatewayEffect[], login: Partial<Clear> = {}): NntpStep => ({
    state: { ...beforeAnything, commands, ...login },
    used,
    effects,
  });
  const [keyword, ...rest] = wordsOf(line);
  switch (keyword) {
    case 'STARTTLS':
      // RFC 4642 §2.2.1: it takes no arguments.
      if (rest.length > 0) return answer([say('501 STARTTLS takes no arguments')]);
      return {
        state: { phase: 'starting-tls' },
        used,
        effects: [say('382 continue with TLS negotiation'), { kind: 'startTls' }],
      };
    case 'CAPABILITIES':
      return answer([say('101 capability list:', 'VERSION 2', 'IMPLEMENTATION Waxwing', 'STARTTLS', '.')]);
    case 'MODE':
      return answer([say(rest[0]?.toUpperCase() === 'READER' ? greeting(rules) : tlsFirst)]);
    case 'HELP':
      return answer([say('100 help text follows', 'CAPABILITIES, HELP, QUIT, STARTTLS', '.')]);
    case 'QUIT':
      return close(used, 'QUIT', `205 ${rules.hostname} goodbye`);
    case 'AUTHINFO':
      return onLogin(state, rest, answer);
    default:
      return answer([...responseShown(state, line), say(tlsFirst)]);
  }
}

/** RFC 3977 §3.2.1: "the client must negotiate appropriate privacy protection on the connection". */
const tlsFirst = '483 start TLS first';

/** RFC 4643 §2.3.2: 483 to a login that would show a secret to everyone on the path. */
function onLogin(
  state: Clear,
  [kind = '', first = '', initial]: readonly string[],
  answer: (effects: readonly GatewayEffect[], login?: Partial<Clear>) => NntpStep,
): NntpStep {
  const refusal = say(tlsFirst);
  const exposed = (user: string | null): NntpStep => answer([{ kind: 'exposed', user }, refusal]);
  switch (kind.toUpperCase()) {
    case 'USER':
      // A name alone is no secret; the password comes with the next command.
      return answer([refusal], { user: first.slice(0, 256) });
    case 'PASS':
      return exposed(state.user);
    case 'SASL': {
      const mechanism = first.toUpperCase();
      return initial === undefined
        ? answer([refusal], { mechanism })
        : exposed(userShown(mechanism, initial));
    }
    case 'GENERIC':
      return exposed(null);
    default:
      return answer([refusal]);
  }
}

/** A client that does not wait for the refusal says its login all the same. */
function responseShown({ mechanism }: Clear, line: string): GatewayEffect[] {
  if (mechanism === null || !/^[A-Za-z0-9+/]{4,}={0,2}$/.test(line)) return [];
  return [{ kind: 'exposed', user: userShown(mechanism, line) }];
}
