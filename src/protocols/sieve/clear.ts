/** What is answered in clear: what we are, and how to get to TLS. RFC 5804 §1.7, §2. */
import type { FrontRules, GatewayEffect } from '../../wire/gateway-session.ts';
import { isHttpRequest } from '../http-request.ts';
import { userShown } from '../sasl/user-shown.ts';
import { nameOf, parseLine, type Word, writeString } from './line.ts';
import { bye, hangUp, type SieveState, type SieveStep, say, waits } from './state.ts';

type Clear = Extract<SieveState, { phase: 'clear' }>;

/** With the literals of a login, which is refused. */
const MAX_BYTES = 8192;
const MAX_COMMANDS = 100;

/** What a server that does nothing in clear can do: no mechanism, no extension of Sieve. */
export function clearCapabilities({ hostname }: Pick<FrontRules, 'hostname'>): string {
  const lines = [
    `"IMPLEMENTATION" ${writeString(`Waxwing on ${hostname}`)}`,
    '"SASL" ""',
    '"SIEVE" ""',
    '"STARTTLS"',
    '"VERSION" "1.0"',
    // With a text, though none is demanded: gnutls-cli waits for one.
    'OK "Start TLS first."',
  ];
  return lines.join('\r\n');
}

export function onClearLine(rules: FrontRules, state: Clear, unread: Buffer): SieveStep {
  const firstLine = unread.toString('latin1', 0, unread.indexOf('\r\n'));
  if (isHttpRequest(firstLine)) return hangUp(unread.length, 'sent an HTTP request');
  const parsed = parseLine(unread, 'client', MAX_BYTES);
  if (parsed.kind === 'more') return waits(state);
  if (parsed.kind === 'bad') {
    const what = parsed.what === 'too-long' ? 'a command that is too long' : 'a malformed command';
    return bye(unread.length, `That is ${what}.`, `sent ${what}`);
  }
  const { words, used } = parsed;
  const commands = state.commands + 1;
  if (commands > MAX_COMMANDS) return bye(used, 'Too many commands.', 'sent too many commands in clear');
  const answer = (...effects: readonly GatewayEffect[]): SieveStep => ({
    state: { phase: 'clear', commands, mechanism: null },
    used,
    effects,
  });
  switch (nameOf(words)) {
    case 'STARTTLS':
      if (words.length > 1) return answer(say('NO "STARTTLS takes no arguments."'));
      return {
        state: { phase: 'starting-tls' },
        used,
        effects: [say('OK "Begin TLS negotiation now."'), { kind: 'startTls' }],
      };
    case 'CAPABILITY':
      return answer(say(clearCapabilities(rules)));
    case 'NOOP':
      return answer(say(noop(words)));
    case 'LOGOUT':
      return {
        state: { phase: 'over' },
        used,
        effects: [say('OK'), { kind: 'close', because: 'logged out' }],
      };
    case 'AUTHENTICATE':
      return onLogin(words, used, commands);
    case undefined:
      return answer(...responseShown(state, words), say('NO "Start TLS first."'));
    default:
      return answer(say('NO "Start TLS first."'));
  }
}

/** RFC 5804 §2.13: the string comes back as a TAG. */
function noop([, tag]: readonly Word[]): string {
  return tag?.kind === 'string' ? `OK (TAG ${writeString(tag.text)}) "Done."` : 'OK';
}

/** RFC 5804 §1.3: ENCRYPT-NEEDED, where a login needs TLS. */
function onLogin([, mechanism, initial]: readonly Word[], used: number, commands: number): SieveStep {
  const name = mechanism?.text.toUpperCase() ?? '';
  const shown: GatewayEffect[] =
    initial === undefined ? [] : [{ kind: 'exposed', user: userShown(name, initial.text) }];
  return {
    state: { phase: 'clear', commands, mechanism: initial === undefined ? name : null },
    used,
    effects: [...shown, say('NO (ENCRYPT-NEEDED) "Start TLS first."')],
  };
}

/** A client that does not wait for the refusal says its login all the same. */
function responseShown({ mechanism }: Clear, [response]: readonly Word[]): GatewayEffect[] {
  if (mechanism === null || response?.kind !== 'string') return [];
  return [{ kind: 'exposed', user: userShown(mechanism, response.text) }];
}
