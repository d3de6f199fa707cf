/** Serves one page of text by HTTP: counters, for those who look at them every few seconds. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface TextPageOptions {
  readonly address: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly path: string;
  readonly contentType: string;
  readonly text: () => Promise<string>;
  readonly onError: (what: string, error: unknown) => void;
}

export interface TextPage {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Nobody needs longer for a request without a body. */
const REQUEST_MS = 10_000;
const MOST_CONNECTIONS = 100;

/** @throws Node's error when the address cannot be bound. */
export function serveTextPage(options: TextPageOptions): Promise<TextPage> {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS },
    (request, response) => {
      answer(request, response, options).catch((error: unknown) => {
        options.onError(`showing ${options.path}`, error);
        response.destroy();
      });
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.address, port: options.port }, () => {
      server.off('error', reject);
      server.on('error', (error) => options.onError(`serving ${options.path}`, error));
      const at = server.address();
      if (at === null || typeof at === 'string') throw new Error('the page has no port');
      resolve({
        address: at.address,
        port: at.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { path, contentType, text }: TextPageOptions,
): Promise<void> {
  const [wanted] = (request.url ?? '').split('?', 1);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else if (wanted !== path) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end(`it is at ${path}\n`);
  } else {
    const page = await text();
    response.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(page) });
    response.end(request.method === 'HEAD' ? undefined : page);
  }
}
