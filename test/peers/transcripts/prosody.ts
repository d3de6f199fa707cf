/** What is recorded of Prosody: the upgrades of streams of clients and of servers, with the new stream inside TLS. */
import { type ProsodyOptions, startProsody } from '../support/prosody.ts';
import { certificate, type Scene, type Server } from './scene.ts';
import { password, type Script, user } from './script.ts';

const domain = 'xmpp.example.test';

const start =
  (port: 'port' | 'serverPort', options: Partial<ProsodyOptions> = {}) =>
  async (root: string): Promise<Server> => {
    const prosody = await startProsody(root, { domain, accounts: { [user]: password }, ...options });
    return { ...prosody, port: prosody[port] };
  };

/** RFC 6120 §4.2: the header of a stream; between servers it names both. */
function stream(namespace: 'jabber:client' | 'jabber:server'): string {
  const from = namespace === 'jabber:server' ? " from='other.example.test'" : '';
  const others = "version='1.0' xml:lang='en'";
  const namespaces = `xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams'`;
  return `C~ <?xml version='1.0'?><stream:stream${from} to='${domain}' ${others} ${namespaces}>`;
}

const features = { octets: '</stream:features>' };
const startTls: Script = [
  "C~ <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
  { octets: "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" },
  '== TLS',
];

const offer = 'starttls urn:ietf:params:xml:ns:xmpp-tls required';

export const ofProsody: readonly Scene[] = [
  {
    name: 'client/starttls',
    title: 'RFC 6120 §5.4: a client is told to proceed',
    start: start('port', { certificate }),
    client: [
      'C> upgrade',
      stream('jabber:client'),
      features,
      ...startTls,
      `C< secured, clear ${offer}; inside nothing`,
    ],
  },
  {
    name: 'client/not-offered',
    title: 'it has no certificate: there is no STARTTLS among the features',
    start: start('port'),
    client: ['C> upgrade', stream('jabber:client'), features, 'C< notOffered does not offer STARTTLS'],
  },
  {
    name: 'server/starttls',
    title: 'RFC 6120 §5.4: a server is told to proceed',
    start: start('serverPort', { certificate }),
    client: [
      'C> upgrade',
      stream('jabber:server'),
      features,
      ...startTls,
      `C< secured, clear ${offer}, dialback urn:xmpp:features:dialback; inside nothing`,
    ],
  },
  {
    name: 'session/client',
    title: 'RFC 6120 §5.4: a client is told to proceed, and begins a new stream inside TLS',
    start: start('port', { certificate }),
    client: [stream('jabber:client'), features, ...startTls, stream('jabber:client'), features],
  },
  {
    name: 'session/server',
    title: 'RFC 6120 §5.4: a server is told to proceed, and begins a new stream inside TLS',
    start: start('serverPort', { certificate }),
    client: [stream('jabber:server'), features, ...startTls, stream('jabber:server'), features],
  },
  {
    name: 'session/tls-refused',
    title:
      'it has no certificate: a request for TLS ends the stream, without the failure of RFC 6120 §5.4.2.2',
    start: start('port'),
    client: [
      stream('jabber:client'),
      features,
      "C~ <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
      { octets: '</stream:stream>' },
      '== close',
    ],
  },
];
