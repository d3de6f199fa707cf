/** An advisor by HTTP that says what a test wants, and mail hosts that never come to TLS. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** What is said of a domain: a response, or the connection breaks. */
type Answer = 'cut' | { readonly status: number; readonly body: string };

interface ToldOutcome {
  readonly domain: string;
  readonly host: string;
  readonly reached: string;
  readonly proof: string | null;
}

export interface FakeAdvisor {
  readonly port: number;
  /** By domain. */
  answers: Readonly<Record<string, Answer>>;
  /** All that it was told. */
  readonly outcomes: readonly ToldOutcome[];
  /** Mail for this domain goes to these hosts. */
  say(domain: string, hosts: readonly object[]): void;
  close(): void;
}

/** An answer of the advisor; hosts as it writes them. */
export function policyOf(domain: string, hosts: readonly object[]): object {
  return { schema: 'waxwing.policy/1', domain, decision: 'deliver', because: 'of the test', hosts };
}

/** A host that may be used, and has to authenticate itself. */
export function demanding(host: string, addresses: readonly string[]): object {
  const asked = { requires: 'authenticate', tries: true, usable: true, preference: 10 };
  return { ...asked, host, addresses, serverName: host };
}

/** Every handshake is to its liking. */
export async function startFake(): Promise<FakeAdvisor> {
  const outcomes: ToldOutcome[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      if (request.url === '/v1/outcomes') {
        const read: { readonly outcomes: readonly ToldOutcome[] } = JSON.parse(body);
        outcomes.push(...read.outcomes);
        response.writeHead(202).end('{}');
        return;
      }
      if (request.url === '/v1/handshakes') {
        response.end(
          JSON.stringify({ meets: true, reached: 'authenticate', proof: 'tlsa', spki: null, because: 'x' }),
        );
        return;
      }
      const answer = fake.answers[request.url?.replace('/v1/policy/', '') ?? ''] ?? 'cut';
      if (answer === 'cut') request.socket.destroy();
      else response.writeHead(answer.status).end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  const fake: FakeAdvisor = {
    port: typeof at === 'object' && at !== null ? at.port : 0,
    answers: {},
    outcomes,
    say(domain, hosts) {
      const body = JSON.stringify(policyOf(domain, hosts));
      fake.answers = { ...fake.answers, [domain]: { status: 200, body } };
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return fake;
}

/** A mail host at port 25. @param replies by command, `''` is its greeting. @param taken gets each line that it is sent. */
export async function startHostile(
  t: TestContext,
  address: string,
  replies: Readonly<Record<string, string>>,
  taken: string[],
): Promise<void> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.write(`${replies['']}\r\n`);
    let inContent = false;
    createInterface({ input: socket }).on('line', (line) => {
      taken.push(line);
      if (inContent && line !== '.') return;
      const [command = ''] = line.split(' ');
      inContent = command === 'DATA';
      socket.write(`${replies[command] ?? '250 x'}\r\n`);
      if (command === 'QUIT') socket.end();
    });
  });
  server.listen(25, address);
  await once(server, 'listening');
  t.after(() => server.close());
}
