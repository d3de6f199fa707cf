/** What is recorded of vsftpd: the upgrade of the control connection, and a login inside it. */
import { startVsftpd, type VsftpdOptions } from '../support/vsftpd.ts';
import { certificate, type Scene, type Server } from './scene.ts';
import { password, reply, type Script, user } from './script.ts';

const start =
  (options: Partial<VsftpdOptions> = {}) =>
  async (root: string): Promise<Server> => {
    const vsftpd = await startVsftpd(root, { accounts: { [user]: password }, ...options });
    return { ...vsftpd, tlsPort: 0 };
  };

const features: Script = ['C: FEAT', { lines: /^211-.*\r\n(?: .+\r\n)*211 .*\r\n/ }];
const listed = (said: string | undefined): string =>
  (said ?? '')
    .split('\r\n')
    .slice(1, -1)
    .map((line) => line.slice(1))
    .join(', ');

export const ofVsftpd: readonly Scene[] = [
  {
    name: 'starttls',
    title: 'RFC 4217 §4: AUTH TLS, then PBSZ, PROT and FEAT inside',
    start: start({ certificate }),
    client: [
      'C> upgrade',
      reply,
      ...features,
      'C: AUTH TLS',
      reply,
      '== TLS',
      'C: PBSZ 0',
      reply,
      'C: PROT P',
      reply,
      ...features,
      (said, heard) => `C< secured, clear ${listed(heard.at(1))}; inside ${listed(said)}`,
    ],
  },
  {
    name: 'not-offered',
    title: 'it has no certificate, and offers no TLS',
    start: start(),
    client: ['C> upgrade', reply, ...features, 'C< notOffered does not offer AUTH TLS'],
  },
  {
    name: 'session/tls-demanded',
    title: 'it lets nobody in without TLS: a login in clear is refused, and ends the connection',
    start: start({ certificate }),
    client: [reply, `C: USER ${user}`, reply, '== close'],
  },
  {
    name: 'session/login',
    title: 'a login inside TLS',
    start: start({ certificate }),
    client: [
      reply,
      'C: AUTH TLS',
      reply,
      '== TLS',
      `C: USER ${user}`,
      reply,
      `C: PASS ${password}`,
      reply,
      'C: QUIT',
      reply,
      '== close',
    ],
  },
];
