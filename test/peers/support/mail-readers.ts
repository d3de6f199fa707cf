/** Clients that people read their mail and keep their filters with; what they fetch is their standard output. */
import type { Finished } from './command.ts';
import { runIn } from './sandbox.ts';
import { hostOf, type LoginVisit, surroundings, trustFile } from './visit.ts';

/** Fetches the first message with curl. */
export function curlFetches(
  toolsRoot: string,
  protocol: 'imap' | 'pop3',
  visit: LoginVisit,
): Promise<Finished> {
  const { port, protection, login } = visit;
  const scheme = protection.tls === 'implicit' ? `${protocol}s` : protocol;
  const which = protocol === 'imap' ? 'INBOX;MAILINDEX=1' : '1';
  return runIn(
    toolsRoot,
    'curl',
    [
      '--silent',
      '--show-error',
      '--verbose',
      ...(protection.tls === 'none' ? [] : ['--ssl-reqd', '--cacert', trustFile]),
      '--user',
      `${login.user}:${login.password}`,
      `${scheme}://${hostOf(visit)}:${port}/${which}`,
    ],
    surroundings(visit),
  );
}

/** Copies the inbox by IMAP with mbsync, which sends commands without waiting for answers. */
export function mbsync(clientsRoot: string, visit: LoginVisit): Promise<Finished> {
  const { port, protection, login } = visit;
  const settings = `
IMAPAccount there
Host ${hostOf(visit)}
Port ${port}
User ${login.user}
Pass "${login.password}"
AuthMechs LOGIN
SSLType ${{ none: 'None', starttls: 'STARTTLS', implicit: 'IMAPS' }[protection.tls]}
SystemCertificates no
${protection.tls === 'none' ? '' : `CertificateFile ${trustFile}`}

IMAPStore far
Account there

MaildirStore near
Path /peer/copy/
Inbox /peer/copy/INBOX

Channel inbox
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
`;
  const script = 'mkdir /peer/copy && mbsync -D -c /peer/mbsyncrc -a >&2 && cat /peer/copy/INBOX/*/*';
  return runIn(clientsRoot, 'sh', ['-c', script], surroundings(visit, { '/peer/mbsyncrc': settings }));
}

/** Fetches all messages by POP3 with fetchmail. */
export function fetchmail(clientsRoot: string, visit: LoginVisit): Promise<Finished> {
  const { port, protection, login } = visit;
  const verified = `sslcertck sslcertfile ${trustFile}`;
  const tls = {
    none: "sslproto ''",
    starttls: `sslproto 'TLS1.2+' ${verified}`,
    implicit: `ssl ${verified}`,
  }[protection.tls];
  const settings = `poll ${hostOf(visit)} protocol POP3 port ${port} auth password
  user "${login.user}" password "${login.password}" ${tls} fetchall keep no rewrite mda cat
`;
  // It reads no settings that others could read too.
  const script = 'chmod 600 /peer/fetchmailrc && exec fetchmail -v -v --nosyslog -f /peer/fetchmailrc';
  return runIn(clientsRoot, 'sh', ['-c', script], surroundings(visit, { '/peer/fetchmailrc': settings }));
}

/** Uploads a filter with sieve-connect, makes it the active one, and lists what is there. */
export function sieveConnect(clientsRoot: string, visit: LoginVisit, filter: string): Promise<Finished> {
  const { port, protection, login } = visit;
  const commands = 'upload /peer/mail.sieve mail\nactivate mail\nlist\nquit\n';
  return runIn(
    clientsRoot,
    'sieve-connect',
    [
      '--server',
      hostOf(visit),
      '--port',
      `${port}`,
      '--user',
      login.user,
      '--nosrv',
      '--authmech',
      'PLAIN',
      '--passwordfd',
      '0',
      ...(protection.tls === 'none'
        ? ['--clearchan', '--notlsverify']
        : ['--noclearchan', '--tlscafile', trustFile]),
      '--debug',
      '--exec',
      '/peer/commands',
    ],
    {
      ...surroundings(visit, { '/peer/commands': commands, '/peer/mail.sieve': filter }),
      input: `${login.password}\n`,
    },
  );
}
