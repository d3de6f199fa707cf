/** nginx in a sandbox, with its mail module: STARTTLS and logins in front of a mail server that has no TLS. */
import type { Between, FrontOptions } from './between.ts';
import { freePort } from './ports.ts';
import { startServer } from './server.ts';

/** How its mail proxy is set up; it takes the login itself and repeats it to the server behind. */
export interface NginxOptions extends FrontOptions {
  readonly protocol: 'imap' | 'pop3' | 'smtp';
  /** For smtp: whether the server behind is told by XCLIENT who the client is. */
  readonly xclient?: boolean;
  /** By default 1. */
  readonly workers?: number;
  /** Connections at once that a worker can have, both sides counted; by default 1024. */
  readonly connections?: number;
}

const logFile = '/var/log/nginx/error.log';

/** Starts nginx and waits until it accepts connections. */
export async function startNginx(root: string, options: NginxOptions): Promise<Between> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const { certPem, keyPem } = options.certificate;
  const { sandbox, log } = await startServer(root, {
    name: 'nginx',
    launch: 'mkdir -p /var/lib/nginx /var/log/nginx; exec nginx -c /peer/nginx.conf',
    address,
    port,
    logs: [logFile],
    files: {
      '/peer/nginx.conf': configuration(address, port, await freePort(address), options),
      '/peer/cert.pem': certPem,
      '/peer/key.pem': keyPem,
    },
  });
  return { address, port, log, close: sandbox.close };
}

/** @param judge where it asks, by HTTP, whom to let in and where to: of itself, and the answer is always yes. */
function configuration(address: string, port: number, judge: number, options: NginxOptions): string {
  const { protocol, to, xclient = false, workers = 1, connections = 1024 } = options;
  return `
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
user nobody nogroup;
pid /run/nginx.pid;
error_log ${logFile} notice;
worker_processes ${workers};
worker_rlimit_nofile ${connections + 64};
events { worker_connections ${connections}; }
mail {
  server_name mail.example.test;
  auth_http ${address}:${judge}/;
  proxy_pass_error_message on;
  ssl_certificate /peer/cert.pem;
  ssl_certificate_key /peer/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  server {
    listen ${address}:${port} backlog=4096;
    protocol ${protocol};
    starttls only;
${protocol === 'smtp' ? `    smtp_auth none;\n    xclient ${xclient ? 'on' : 'off'};` : `    ${protocol}_auth plain;`}
  }
}
http {
  access_log off;
  server {
    listen ${address}:${judge} backlog=4096;
    location / {
      add_header Auth-Status OK;
      add_header Auth-Server ${to.host};
      add_header Auth-Port ${to.port};
      return 204;
    }
  }
}
`;
}
