import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync, KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { readFiles } from '../../../../src/cli/config/files.ts';
import { loadConfig } from '../../../../src/cli/config/load.ts';
import { pack, unpack } from '../../../../src/cli/workers/pack.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { good } from '../config/support.ts';

const authority = await createAuthority();

describe('a configuration on its way to a worker', () => {
  it('arrives as it was, keys included, but for what only the primary has', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-pack-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
    const { certPem, keyPem } = await authority.issue({ names: ['relay.test'] });
    const files = {
      'cert.pem': certPem,
      'key.pem': keyPem,
      'dkim.key': pem,
      secret: 'correct horse battery',
    };
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    const file = join(folder, 'waxwing.toml');
    writeFileSync(
      file,
      `hostname = "relay.test"
      data = "data"
      workers = 3
      [tls]
      cert = "cert.pem"
      key = "key.pem"
      [[domain]]
      name = "own.test"
      backend = "lmtp://127.0.0.1:24"
      recipients = ["anna"]
      [[route]]
      match = ".example.net"
      to = "smtp://127.0.0.1:25"
      [[dkim]]
      domain = "own.test"
      selector = "s1"
      key = "dkim.key"
      [forwarding]
      srs_domain = "own.test"
      srs_secret_file = "secret"
      [bounces]
      addresses = ["news@own.test"]
      secret_file = "secret"
      `,
    );
    const { config, effective } = good(loadConfig({ file, env: {}, flags: {} }));
    const read = await readFiles(config, effective, Date.now());
    assert.ok(read.files !== undefined, JSON.stringify(read.errors));
    const running = { config, effective, files: read.files };
    const arrived = unpack(deserialize(serialize(pack(running))));
    assert.deepEqual(arrived, running);
    const [key] = arrived.files.dkim;
    assert.ok(key?.key instanceof KeyObject);
    const [before] = running.files.dkim;
    assert.ok(before !== undefined && key.key.equals(before.key));
    const hook = { name: 'w', keys: [{ kind: 'hmac', secret: createSecretKey(Buffer.from('s')) }] };
    const known = { ...running, files: { ...running.files, webhooks: [hook], apiKeys: [{ name: 'k' }] } };
    const told = serialize(pack(known as unknown as typeof running)).toString('latin1');
    assert.ok(!told.includes('hmac'));
    assert.deepEqual(unpack(deserialize(serialize(pack(running)))).files.webhooks, []);
  });
});
