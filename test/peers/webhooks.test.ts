/** Webhooks to a receiver that shares no code with ours: Python's web server over TLS, its HMAC, and OpenSSL's Ed25519. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe } from 'node:test';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import { createAuthority } from '../support/certificates.ts';
import { peerTest } from './support/peer.ts';
import { freePort } from './support/ports.ts';
import { startPostfix } from './support/postfix.ts';
import { openSandbox } from './support/sandbox.ts';
import { until } from './support/until.ts';
import { startWaxwing } from './support/waxwing.ts';

/** Says a line of JSON for each request: what it made of the signatures, and the body. */
const receiver = `
import base64, hashlib, hmac, http.server, json, ssl, subprocess, sys, time
port, secret, fail = int(sys.argv[1]), base64.b64decode(sys.argv[2]), int(sys.argv[3])

class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    count = 0
    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        Receiver.count += 1
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        expected = 'v1,' + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        signatures = self.headers['webhook-signature'].split(' ')
        second = [one[4:] for one in signatures if one.startswith('v1a,')]
        open('/tmp/signed', 'wb').write(signed)
        open('/tmp/signature', 'wb').write(base64.b64decode(second[0]))
        openssl = subprocess.run(['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', '/peer/public.pem', '-rawin',
                                  '-in', '/tmp/signed', '-sigfile', '/tmp/signature'], capture_output=True)
        refused = Receiver.count <= fail
        print(json.dumps({'id': self.headers['webhook-id'], 'refused': refused, 'hmac': expected in signatures,
                          'ed25519': openssl.returncode == 0,
                          'late': abs(time.time() - int(self.headers['webhook-timestamp'])) > 60,
                          'events': json.loads(body)}), flush=True)
        self.send_response(503 if refused else 200)
        if refused: self.send_header('Retry-After', '1')
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *_): pass

server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('/peer/chain.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print('{}', flush=True)
server.serve_forever()
`;

interface Seen {
  readonly id: string;
  readonly refused: boolean;
  readonly hmac: boolean;
  readonly ed25519: boolean;
  readonly late: boolean;
  readonly events: readonly DeliveryEvent[];
}

describe('a webhook', () => {
  peerTest(
    'Python and OpenSSL find its signatures good, and get every event of mail to a Postfix, once it wants any',
    ['postfix', 'tools'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['127.0.0.1'] });
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const secret = Buffer.alloc(32, 3).toString('base64');
      const place = await mkdtemp(join(tmpdir(), 'waxwing-webhooks-'));
      t.after(() => rm(place, { recursive: true }));
      const secretFile = join(place, 'secret');
      const keyFile = join(place, 'key.pem');
      await writeFile(secretFile, `whsec_${secret}\n`, { mode: 0o600 });
      await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });

      const sandbox = await openSandbox(roots.tools, {
        files: {
          '/peer/chain.pem': `${certificate.keyPem}${certificate.certPem}`,
          '/peer/public.pem': publicKey.export({ type: 'spki', format: 'pem' }),
        },
      });
      t.after(() => sandbox.close());
      const port = await freePort('127.0.0.1');
      const python = sandbox.spawn('python3', ['-c', receiver, String(port), secret, '1']);
      const seen: Seen[] = [];
      createInterface(python.stdout).on('line', (line) => {
        const read: Seen = JSON.parse(line);
        seen.push(read);
      });
      await until(
        () => seen.shift() !== undefined,
        () => 'Python listens',
      );

      const postfix = await startPostfix(roots.postfix);
      t.after(() => postfix.close());
      const waxwing = await startWaxwing({
        trust: authority.certPem,
        routes: [{ match: 'example.test', to: `smtp://127.0.0.1:${postfix.port}`, tls: 'off' }],
        webhooks: [
          {
            name: 'python',
            url: `https://127.0.0.1:${port}/mail`,
            key_file: secretFile,
            ed25519_key_file: keyFile,
            batch: 3,
          },
        ],
      });
      t.after(() => waxwing.close());
      const recipients = [1, 2, 3, 4, 5].flatMap((number) => ['--to', `b${number}@example.test`]);
      const message = 'Subject: hello\r\n\r\nbody\r\n';
      const done = await waxwing.cli(['send', '--from', 'a@origin.test', ...recipients], message);
      assert.equal(done.code, 0, done.stderr);
      await waxwing.eventsOf('delivered', 5);
      const taken = (): Seen[] => seen.filter(({ refused }) => !refused);
      await until(
        () => taken().flatMap(({ events }) => events).length >= 10,
        () => JSON.stringify(seen),
      );
      assert.ok(
        seen.every(({ hmac, ed25519, late }) => hmac && ed25519 && !late),
        JSON.stringify(seen),
      );
      assert.deepEqual(
        taken().flatMap(({ events }) => events),
        waxwing.events(),
      );
      const [first, second] = seen;
      assert.ok(first?.refused === true && second?.refused === false);
      assert.equal(first.id, second.id, 'what was refused comes again under the same id');
      assert.equal(new Set(taken().map(({ id }) => id)).size, taken().length);
    },
  );
});
