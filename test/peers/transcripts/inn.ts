/** What is recorded of INN: the upgrade, and a login inside it. */
import { type InnOptions, newsgroup, startInn } from '../support/inn.ts';
import { certificate, type Scene, type Server } from './scene.ts';
import { password, type Script, user } from './script.ts';

const start =
  (options: Partial<InnOptions> = {}) =>
  async (root: string): Promise<Server> => {
    const inn = await startInn(root, { accounts: { [user]: password }, ...options });
    return { ...inn, tlsPort: 0 };
  };

const response = { lines: /^\d{3} .*\r\n/ };
const block = { lines: /^101 .*\r\n(?:.+\r\n)*\.\r\n/ };
const capabilities: Script = ['C: CAPABILITIES', block];
const listed = (said: string | undefined): string => (said ?? '').split('\r\n').slice(1, -1).join(', ');

export const ofInn: readonly Scene[] = [
  {
    name: 'starttls',
    title: 'RFC 4642 §2.2: STARTTLS, and the capabilities asked for anew',
    start: start({ certificate }),
    client: [
      'C> upgrade',
      response,
      ...capabilities,
      'C: STARTTLS',
      response,
      '== TLS',
      ...capabilities,
      (said, heard) => `C< secured, clear ${listed(heard.at(-3))}; inside ${listed(said)}`,
    ],
  },
  {
    name: 'refused',
    title: 'RFC 4642 §2.2.1: it has no certificate, offers STARTTLS all the same, and cannot do it',
    start: start(),
    client: [
      'C> upgrade',
      response,
      ...capabilities,
      'C: STARTTLS',
      response,
      (said) => `C< refused refused STARTTLS: ${said}`,
    ],
  },
  {
    name: 'session/login',
    title: 'RFC 4643 §2.3: a login in clear is refused by 483; the same in TLS, where it is taken',
    start: start({ certificate }),
    client: [
      response,
      `C: AUTHINFO USER ${user}`,
      response,
      'C: STARTTLS',
      response,
      '== TLS',
      `C: AUTHINFO USER ${user}`,
      response,
      `C: AUTHINFO PASS ${password}`,
      response,
      `C: GROUP ${newsgroup}`,
      response,
      'C: QUIT',
      response,
      '== close',
    ],
  },
];
