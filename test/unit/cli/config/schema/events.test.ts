import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readFiles } from '../../../../../src/cli/config/files.ts';
import { configOf, errorsOf, folder, good, load } from '../support.ts';

const url = 'https://hooks.example.test/mail?from=us';
const hook = (rest = '', where = url): string => `[[webhook]]\nurl = "${where}"\n${rest}\n`;
const signed = (rest = '', where = url): string => hook(`key_file = "hook.secret"\n${rest}`, where);

describe('[events]', () => {
  it('rotates where a size is named, and keeps ten files', () => {
    assert.deepEqual(configOf('[events]\nfile = "/log"\nrotate_size = "100MB"').events.log, {
      kind: 'file',
      path: '/log',
      rotation: { size: 100_000_000, keep: 10 },
    });
  });

  it('does not rotate a stream, or at next to nothing', () => {
    assert.deepEqual(configOf('[events]\nfile = "-"\nrotate_size = "100MB"').events.log, { kind: 'stdout' });
    const [error] = errorsOf(load('[events]\nrotate_size = "1KB"'));
    assert.deepEqual(
      [error?.path, error?.message],
      ['events.rotate_size', 'must be at least 1048576 octets'],
    );
  });

  it('are nowhere as a Postfix would log them, unless a file or stderr is named', () => {
    assert.equal(configOf('').events.postfixLog, null);
    assert.deepEqual(configOf('[events]\npostfix_log = "-"').events.postfixLog, { kind: 'stderr' });
    assert.deepEqual(
      configOf('[events]\npostfix_log = "mail.log"\nrotate_size = "100MB"').events.postfixLog,
      {
        kind: 'file',
        path: join(folder, 'mail.log'),
        rotation: { size: 100_000_000, keep: 10 },
      },
    );
  });

  it('do not stand as JSON and as a Postfix would log them in one file', () => {
    const [error] = errorsOf(load('[events]\nfile = "log"\npostfix_log = "log"'));
    assert.equal(error?.path, 'events.postfix_log');
  });
});

describe('[[webhook]]', () => {
  it('is told of everything, in batches of a hundred, by the name of its host', () => {
    assert.deepEqual(configOf(signed()).webhooks, [
      {
        name: 'hooks.example.test',
        url,
        target: {
          scheme: 'https',
          host: { kind: 'name', name: 'hooks.example.test' },
          port: 443,
          path: '/mail?from=us',
        },
        filter: { names: null, domains: null },
        keyFile: join(folder, 'hook.secret'),
        ed25519KeyFile: null,
        batch: 100,
        batchWaitMs: 1_000,
        timeoutMs: 15_000,
        backlogOctets: 512_000_000,
      },
    ]);
  });

  it('may be told of some events, about some domains', () => {
    const [made] = configOf(
      signed('events = ["bounced", "blocked"]\ndomains = ["example.test", ".example.test"]'),
    ).webhooks;
    assert.deepEqual(made?.filter.names, new Set(['bounced', 'blocked']));
    assert.deepEqual(
      made?.filter.domains?.map(({ kind, domain }) => [kind, domain]),
      [
        ['domain', 'example.test'],
        ['below', 'example.test'],
      ],
    );
  });

  it('may be plain HTTP on this host, and private addresses are as good as others', () => {
    for (const [where, port] of [
      ['http://127.0.0.1:8080/', 8080],
      ['http://[::1]/', 80],
      ['http://localhost/', 80],
      ['https://10.0.0.1/', 443],
    ] as const) {
      assert.equal(configOf(signed('', where)).webhooks[0]?.target.port, port);
    }
  });

  const wrong: [why: string, toml: string, path: string, message: RegExp][] = [
    ['nothing signs', hook(), 'webhook[0].key_file', /^is missing, and there is no ed25519_key_file/],
    [
      'HTTP over the network',
      signed('', 'http://hooks.example.test/'),
      'webhook[0].url',
      /^is http, which is for this host only/,
    ],
    ['HTTP to a private address', signed('', 'http://10.0.0.1/'), 'webhook[0].url', /^is http/],
    ['another scheme', signed('', 'ftp://hooks.example.test/'), 'webhook[0].url', /is not a URL such as/],
    ['no URL', signed('', 'hooks.example.test'), 'webhook[0].url', /is not a URL such as/],
    [
      'a login in the URL',
      signed('', 'https://user:word@hooks.example.test/'),
      'webhook[0].url',
      /^holds a login/,
    ],
    ['a fragment', signed('', 'https://hooks.example.test/#x'), 'webhook[0].url', /^has a fragment/],
    ['the same name twice', signed() + signed(), 'webhook[1].name', /^is the same as in \[0\]$/],
    ['an event that does not exist', signed('events = ["sent"]'), 'webhook[0].events[0]', /./],
    ['no event', signed('events = []'), 'webhook[0].events', /at least one event/],
    ['a batch of nothing', signed('batch = 0'), 'webhook[0].batch', /from 1 to 1000/],
    ['a long wait', signed('batch_wait = "2m"'), 'webhook[0].batch_wait', /60s at most/],
    ['a long time', signed('timeout = "2m"'), 'webhook[0].timeout', /60s at most/],
    ['no room', signed('backlog = "1KB"'), 'webhook[0].backlog', /at least 1048576/],
  ];
  for (const [why, toml, path, message] of wrong) {
    it(`is refused: ${why}`, () => {
      const [error] = errorsOf(load(toml));
      assert.equal(error?.path, path);
      assert.match(error.message, message);
      assert.ok(!error.message.includes('word'), 'it shows no secret');
    });
  }
});

describe('the keys of a webhook', () => {
  const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  const read = async (content: string, mode = 0o600) => {
    const file = join(folder, 'hook.secret');
    writeFileSync(file, content);
    chmodSync(file, mode);
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(join(folder, 'hook.pem'), pem, { mode: 0o600 });
    const { config, effective } = good(load(signed('ed25519_key_file = "hook.pem"')));
    return readFiles(config, effective, Date.now());
  };

  it('come from its files, those of HMAC first', async () => {
    const { files, warnings } = await read(`${secret}\n`);
    assert.deepEqual(
      files?.webhooks[0]?.keys.map(({ kind }) => kind),
      ['hmac', 'ed25519'],
    );
    assert.deepEqual(warnings, []);
  });

  it('are warned of where every user of the host can read them', async () => {
    const { warnings } = await read(`${secret}\n`, 0o644);
    assert.match(warnings.join('\n'), /webhook\[0\]\.key_file: .*hook\.secret has mode 0644/);
  });

  it('are an error where they cannot be used', async () => {
    const { files, errors } = await read('word\n');
    assert.equal(files, undefined);
    assert.equal(errors[0]?.path, 'webhook[0].key_file');
    assert.match(errors[0].message, /hook\.secret: line 1 is not whsec_/);
  });
});
