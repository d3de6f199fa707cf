/** Clients that people read their mail and keep their filters with; what they fetch is their standard output. */
import type { Finished } from './command.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn } from './sandbox.ts';

/** Fetches the first message with curl. */
export function curlFetches(toolsRoot: string, protocol: 'imap' | 'pop3', reach: Reach): Promise<Finished> {
  const { port, tls, login } = reach;
  const scheme = tls === 'implicit' ? `${protocol}s` : protocol;
  const which = protocol === 'imap' ? 'INBOX;MAILINDEX=1' : '1';
  return runIn(
    toolsRoot,
    'curl',
    [
      '--silent',
      '--show-error',
      '--verbose',
      ...(tls === 'none' ? [] : ['--ssl-reqd', '--cacert', trustFile]),
      '--user',
      `${login.user}:${login.password}`,
      `${scheme}://${hostOf(reach)}:${port}/${which}`,
    ],
    reachable(reach),
  );
}

/** Copies the inbox by IMAP with mbsync, which sends commands without waiting for answers. */
export function mbsync(clientsRoot: string, reach: Reach): Promise<Finished> {
  const { port, tls, login } = reach;
  const settings = `
IMAPAccount there
Host ${hostOf(reach)}
Port ${port}
User ${login.user}
Pass "${login.password}"
AuthMechs LOGIN
SSLType ${{ none: 'None', starttls: 'STARTTLS', implicit: 'IMAPS' }[tls]}
SystemCertificates no
${tls === 'none' ? '' : `CertificateFile ${trustFile}`}

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
  return runIn(clientsRoot, 'sh', ['-c', script], reachable(reach, { '/peer/mbsyncrc': settings }));
}

/** Fetches all messages by POP3 with fetchmail. */
export function fetchmail(clientsRoot: string, reach: Reach): Promise<Finished> {
  const { port, tls, login } = reach;
  const verified = `sslcertck sslcertfile ${trustFile}`;
  const protection = {
    none: "sslproto ''",
    starttls: `sslproto 'TLS1.2+' ${verified}`,
    implicit: `ssl ${verified}`,
  }[tls];
  const settings = `poll ${hostOf(reach)} protocol POP3 port ${port} auth password
  user "${login.user}" password "${login.password}" ${protection} fetchall keep no rewrite mda cat
`;
  // It reads no settings that others could read too.
  const script = 'chmod 600 /peer/fetchmailrc && exec fetchmail -v -v --nosyslog -f /peer/fetchmailrc';
  return runIn(clientsRoot, 'sh', ['-c', script], reachable(reach, { '/peer/fetchmailrc': settings }));
}

/** Uploads a filter with sieve-connect, makes it the active one, and lists what is there. */
export function sieveConnect(clientsRoot: string, reach: Reach, filter: string): Promise<Finished> {
  const { port, tls, login } = reach;
  const commands = 'upload /peer/mail.sieve mail\nactivate mail\nlist\nquit\n';
  return runIn(
    clientsRoot,
    'sieve-connect',
    [
      '--server',
      hostOf(reach),
      '--port',
      `${port}`,
      '--user',
      login.user,
      '--nosrv',
      '--authmech',
      'PLAIN',
      '--passwordfd',
      '0',
      ...(tls === 'none' ? ['--clearchan', '--notlsverify'] : ['--noclearchan', '--tlscafile', trustFile]),
      '--debug',
      '--exec',
      '/peer/commands',
    ],
    {
      ...reachable(reach, { '/peer/commands': commands, '/peer/mail.sieve': filter }),
      input: `${login.password}\n`,
    },
  );
}
