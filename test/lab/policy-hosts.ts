/** `mta-sts.` of every domain of the lab that has a policy: one HTTPS server, told apart by SNI. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Authority, type Certificate, createAuthority } from '../support/certificates.ts';
import type { Endpoint } from './net.ts';
import { allMailDomains } from './zones/mail.ts';
import type { ServedPolicy } from './zones/mail-domain.ts';

/** The HTTPS server of the policies. */
export interface PolicyHosts extends Endpoint {
  /** From now on a domain has this policy; none: its host is unknown to the server. */
  readonly serve: (domain: string, policy: ServedPolicy | null) => void;
  /** What was asked for so far. */
  readonly requests: () => readonly PolicyRequest[];
  readonly close: () => Promise<void>;
}

/** One request. */
export interface PolicyRequest {
  /** The host that SNI named. */
  readonly host: string;
  readonly path: string;
}

const PATH = '/.well-known/mta-sts.txt';
const PREFIX = 'mta-sts.';
const aDay = 24 * 3600 * 1000;

/** @param authority that clients of the lab trust. */
export async function startPolicyHosts(listen: Endpoint, authority: Authority): Promise<PolicyHosts> {
  const policies = new Map<string, ServedPolicy>();
  for (const { name, policy } of allMailDomains) {
    if (policy !== undefined) policies.set(`${PREFIX}${name}`, policy);
  }
  const contexts = new Map<string, Promise<SecureContext>>();
  const contextOf = (host: string): Promise<SecureContext> => {
    const certificate = policies.get(host)?.certificate ?? 'good';
    const key = `${host} ${certificate}`;
    const made = contexts.get(key) ?? certificateFor(host, certificate, authority).then(context);
    contexts.set(key, made);
    return made;
  };
  const requests: PolicyRequest[] = [];
  const fallback = await authority.issue({ names: ['policies.lab.test'] });
  const server: Server = createServer({
    cert: fallback.certPem,
    key: fallback.keyPem,
    SNICallback: (host, done) => {
      if (!policies.has(host)) return done(new Error(`no policy host ${host}`));
      contextOf(host).then((one) => done(null, one), done);
    },
  });
  server.on('request', (request, response) => {
    const host = nameOf(request);
    requests.push({ host, path: request.url ?? '' });
    answer(policies.get(host), request, response);
  });
  server.listen(listen.port, listen.address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the policy hosts have no port');
  return {
    address: bound.address,
    port: bound.port,
    serve(domain, policy) {
      if (policy === null) policies.delete(`${PREFIX}${domain}`);
      else policies.set(`${PREFIX}${domain}`, policy);
    },
    requests: () => [...requests],
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function nameOf(request: IncomingMessage): string {
  const { socket } = request;
  return 'servername' in socket && typeof socket.servername === 'string' ? socket.servername : '';
}

function answer(policy: ServedPolicy | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (policy === undefined || request.url !== PATH) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page\n');
    return;
  }
  const { status = 200, type = 'text/plain', text, location, afterMs = 0 } = policy;
  const timer = setTimeout(() => {
    response.writeHead(status, { 'content-type': type, ...(location === undefined ? {} : { location }) });
    response.end(text);
  }, afterMs);
  response.on('close', () => clearTimeout(timer));
}

async function certificateFor(
  host: string,
  kind: NonNullable<ServedPolicy['certificate']> | 'good',
  authority: Authority,
): Promise<Certificate> {
  switch (kind) {
    case 'good':
      return authority.issue({ names: [host] });
    case 'wrong-name':
      return authority.issue({ names: [`not-${host}`] });
    case 'self-signed':
      return authority.issue({ names: [host], selfSigned: true });
    case 'expired':
      return authority.issue({
        names: [host],
        notBefore: new Date(Date.now() - 60 * aDay),
        notAfter: new Date(Date.now() - 30 * aDay),
      });
    case 'stranger':
      return (await createAuthority('Unknown Authority')).issue({ names: [host] });
  }
}

function context({ certPem, keyPem }: Certificate): SecureContext {
  return createSecureContext({ cert: certPem, key: keyPem });
}
