/** The gateway in clear: it answers by itself, and there is no backend yet. RFC 2595 §2.3, §4. */
import type { FrontRules } from '../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../wire/next-line.ts';
import { isHttpRequest } from '../http-request.ts';
import { type Command, loginShown, parseCommand } from './command.ts';
import { type Clear, closing, type Pop3FrontStep, say, waits } from './state.ts';

/** RFC 2449 §4 asks for 255; a login that is too long has to be seen all the same. */
const MAX_LINE_BYTES = 8_192;
const MAX_COMMANDS = 100;

const FIRST = '-ERR STLS has to come first';

export function onClientInClear(rules: FrontRules, state: Clear, unread: Buffer): Pop3FrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    const what = `a line ${badLineWords[next.what]}`;
    return closing(state, 0, `-ERR You sent ${what}`, `sent ${what}`);
  }
  const { line, used } = next;
  // Nothing is said back to a browser (ALPACA).
  if (state.commands === 0 && isHttpRequest(line))
    return closing(state, used, undefined, 'sent an HTTP request');
  if (state.commands >= MAX_COMMANDS)
    return closing(
      state,
      used,
      '-ERR Too many commands before STLS',
      `sent more than ${MAX_COMMANDS} commands in clear`,
    );
  const answered: Clear = { ...state, commands: state.commands + 1, named: false };
  return answer(rules, state.named, answered, used, parseCommand(line));
}

function answer(
  { hostname }: FrontRules,
  named: boolean,
  state: Clear,
  used: number,
  command: Command,
): Pop3FrontStep {
  const reply = (...lines: readonly string[]): Pop3FrontStep => ({ state, used, effects: lines.map(say) });
  const { name, args } = command;
  const login = loginShown(command);
  if (login !== undefined) {
    const effects = name === 'PASS' && named ? [] : [{ kind: 'exposed', ...login } as const];
    return { state: { ...state, named: name === 'USER' }, used, effects: [...effects, say(FIRST)] };
  }
  switch (name) {
    case 'CAPA':
    case 'NOOP':
    case 'QUIT':
    case 'STLS':
      if (args !== '') return reply(`-ERR ${name} takes no arguments`);
      break;
    default:
      return reply(FIRST);
  }
  switch (name) {
    case 'CAPA':
      return reply('+OK', 'STLS', 'RESP-CODES', '.');
    case 'QUIT':
      return closing(state, used, `+OK ${hostname} goodbye`, 'QUIT');
    case 'STLS':
      return {
        state: { at: 'starting-tls' },
        used,
        effects: [say('+OK Begin TLS now'), { kind: 'startTls' }],
      };
    default:
      return reply('+OK');
  }
}
