/** Opens the logs that the configuration has events written to. */
import type { Logger } from 'pino';
import { type PostfixLog, postfixLog } from '../events/postfix-log.ts';
import { formatMailDomain } from '../names/mailbox.ts';
import { type EventLog, fileEventLog, streamEventLog } from '../relay/event-log.ts';
import type { Config, EventTarget } from './config/config.ts';

/** All of them as one. */
export function openEventLogs(config: Config, log: Pick<Logger, 'error'>): EventLog {
  const { log: target, postfixLog: forTools } = config.events;
  const failing = (what: string) => (error: Error) => log.error({ err: error }, `${what} fails`);
  const main = open(target, (path) => failing(`the event log ${path}`));
  if (forTools === null) return main;
  // Whoever has read it is gone: there is nowhere to say so, and mail goes on.
  if (forTools.kind === 'stderr') process.stderr.on('error', () => undefined);
  const other = open(forTools, (path) => failing(`the log ${path}`), postfixFormat(config));
  return {
    write(events) {
      main.write(events);
      other.write(events);
    },
    writeLines(lines, events) {
      main.writeLines(lines, events);
      other.writeLines(lines, events);
    },
    reopen() {
      main.reopen();
      other.reopen();
    },
    async close() {
      await Promise.all([main.close(), other.close()]);
    },
  };
}

function open(
  target: EventTarget,
  failing: (path: string) => (error: Error) => void,
  format?: PostfixLog,
): EventLog {
  if (target.kind !== 'file') return streamEventLog(process[target.kind], format);
  const { path, rotation } = target;
  return fileEventLog(path, failing(path), undefined, rotation, format);
}

function postfixFormat({ hostname }: Config): PostfixLog {
  const [label = ''] = formatMailDomain(hostname).split('.', 1);
  return postfixLog({
    host: hostname.kind === 'literal' ? formatMailDomain(hostname) : label,
    pid: process.pid,
    momentOf: Date.parse,
    offsetAt: (at) => -new Date(at).getTimezoneOffset(),
  });
}
