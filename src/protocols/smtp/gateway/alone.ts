/**
 * A server that requires TLS, before TLS: it answers by itself.
 *
 * RFC 3207 §4: "530 Must issue a STARTTLS command first to every command other than NOOP, EHLO, STARTTLS, or QUIT". Not
 * for a public MX, as it says too; that passes clear sessions on.
 */
import type { FrontRules, GatewayEffect } from '../../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../../wire/next-line.ts';
import { isHttpRequest } from '../../http-request.ts';
import { formatReply } from '../reply.ts';
import { exposedBy, verbOf } from './command.ts';
import { farewell, type SmtpFrontState, type SmtpFrontStep, say, to, waits } from './state.ts';

/** With an AUTH of the longest kind (RFC 4954 §4). */
const MAX_LINE_BYTES = 12_290;
const MAX_COMMANDS = 100;

export function onLineAlone(
  rules: FrontRules & { readonly protocol: 'smtp' | 'lmtp' },
  state: SmtpFrontState,
  unread: Buffer,
  commands: number,
): SmtpFrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    const text = `a command line ${badLineWords[next.what]}; closing`;
    return closing(state, 0, formatReply(500, '5.5.2', text), `sent a line ${badLineWords[next.what]}`);
  }
  if (commands >= MAX_COMMANDS) {
    const text = `${rules.hostname} closing: too many commands before STARTTLS`;
    return farewell(state, next.used, '4.7.0', text, `sent more than ${MAX_COMMANDS} commands in clear`);
  }
  const { line, used } = next;
  const answered = to(state, { kind: 'alone', commands: commands + 1 });
  const answer = (...effects: GatewayEffect[]): SmtpFrontStep => ({ state: answered, used, effects });
  const hello = rules.protocol === 'lmtp' ? 'LHLO' : 'EHLO';
  switch (verbOf(line)) {
    case hello:
      return answer(say(formatReply(250, null, rules.hostname, 'ENHANCEDSTATUSCODES', 'STARTTLS')));
    case 'STARTTLS':
      return startTls(state, line, used);
    case 'NOOP':
      return answer(say(formatReply(250, '2.0.0', 'ok')));
    case 'QUIT':
      return closing(state, used, formatReply(221, '2.0.0', `${rules.hostname} goodbye`), 'QUIT');
    default: {
      if (isHttpRequest(line))
        return farewell(state, used, '4.7.0', 'this is SMTP, not HTTP', 'sent an HTTP request');
      const refusal = say(formatReply(530, '5.7.0', 'must issue a STARTTLS command first'));
      const exposed = exposedBy(line);
      return exposed === undefined ? answer(refusal) : answer(exposed, refusal);
    }
  }
}

/** RFC 3207 §4: 501 where there are parameters. */
function startTls(state: SmtpFrontState, line: string, used: number): SmtpFrontStep {
  if (line.trimEnd().length > 'STARTTLS'.length) {
    return { state, used, effects: [say(formatReply(501, '5.5.4', 'STARTTLS takes no parameters'))] };
  }
  const effects: GatewayEffect[] = [
    say(formatReply(220, '2.0.0', 'ready to start TLS')),
    { kind: 'startTls' },
  ];
  return { state: to(state, { kind: 'starting-tls' }), used, effects };
}

function closing(state: SmtpFrontState, used: number, reply: string, because: string): SmtpFrontStep {
  return { state, used, effects: [say(reply), { kind: 'close', because }] };
}
