import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { loadProfile, profileWords } from '../../../../src/cli/check/profile-file.ts';
import { profileJsonSchema } from '../../../../src/cli/check/profile-schema.ts';
import { builtIn } from '../../../../src/findings/profiles/built-in.ts';
import { mtaStsReady } from '../../../../src/findings/profiles/mta-sts-ready.ts';
import { ncscNl202505 } from '../../../../src/findings/profiles/ncsc-nl-2025-05.ts';
import type { Profile, Requirement } from '../../../../src/findings/profiles/profile.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-profile-'));
});
after(() => rm(folder, { recursive: true }));

async function load(text: string, name = 'own.toml'): ReturnType<typeof loadProfile> {
  const file = join(folder, name);
  await writeFile(file, text);
  return loadProfile(file);
}

async function profileIn(text: string, name?: string): Promise<Profile> {
  const loaded = await load(text, name);
  return loaded.kind === 'ok' ? loaded.value : assert.fail(loaded.because);
}

/** What is wrong, without the folder. */
async function errorsIn(text: string, name?: string): Promise<readonly string[]> {
  const loaded = await load(text, name);
  return loaded.kind === 'ok'
    ? assert.fail('nothing is wrong')
    : loaded.because.replaceAll(`${folder}/`, '').split('\nerror: ');
}

const requirementOf = ({ requirements }: Profile, id: string): Requirement =>
  requirements.find((one) => one.id === id) ?? assert.fail(`there is no ${id}`);

describe('docs/schema/profile.schema.json', () => {
  it('is what a profile is read by', () => {
    const published: unknown = JSON.parse(readFileSync('docs/schema/profile.schema.json', 'utf8'));
    assert.deepEqual(profileJsonSchema(), published);
  });
});

describe('--profile', () => {
  it('takes the profiles that come with the program by their names', async () => {
    for (const one of builtIn) assert.deepEqual(await loadProfile(one.name), { kind: 'ok', value: one });
  });

  it('is told by its name, and a file by what is in it, too', async () => {
    assert.equal(profileWords('mta-sts-ready', mtaStsReady), 'mta-sts-ready');
    const own = (severity: string): Promise<Profile> =>
      profileIn(
        `name = "own"\nextends = "mta-sts-ready"\n[requirements.tls-rpt]\nseverity = "${severity}"\n`,
      );
    const [one, same, other] = [await own('high'), await own('high'), await own('low')];
    assert.match(profileWords('own.toml', one), /^own\.toml \(SHA-256 [0-9a-f]{64}\)$/);
    assert.equal(profileWords('own.toml', same), profileWords('own.toml', one));
    assert.notEqual(profileWords('own.toml', other), profileWords('own.toml', one));
  });

  it('says what was probably meant', async () => {
    const loaded = await loadProfile('dane-redy');
    assert.match(loaded.kind === 'ok' ? '' : loaded.because, /"dane-redy" .* did you mean dane-ready\?/);
    const other = await loadProfile('something');
    assert.match(other.kind === 'ok' ? '' : other.because, /there are default, mta-sts-ready, /);
  });

  it('says that a file is not there', async () => {
    const loaded = await loadProfile(join(folder, 'nowhere.toml'));
    assert.equal(loaded.kind, 'invalid');
  });
});

describe("a profile of one's own", () => {
  it('the one of the page can be read', async () => {
    const page = readFileSync('docs/check.md', 'utf8');
    const text = /```toml\n([\s\S]*?)```/.exec(page)?.[1] ?? assert.fail('the page shows none');
    const profile = await profileIn(text);
    assert.equal(profile.name, 'example-mail');
    assert.equal(requirementOf(profile, 'tls-rpt').severity, 'high');
    assert.ok(!profile.requirements.some(({ id }) => id === 'policy-host-renewal'));
    assert.equal(requirementOf(profile, 'key').test.kind, 'levels');
    assert.equal(requirementOf(profile, 'proven').test.kind, 'any');
    assert.equal(profile.severities['tlsrpt'], 'medium');
  });

  it('that says nothing is the one that it extends, by another name', async () => {
    const profile = await profileIn('name = "mine"\nextends = "mta-sts-ready"\n');
    assert.deepEqual(profile, { ...mtaStsReady, name: 'mine' });
    const plain = await profileIn('name = "mine"\n');
    assert.deepEqual(
      { ...plain },
      { name: 'mine', title: 'mine', sources: [], severities: {}, others: 'count', requirements: [] },
    );
  });

  it('replaces of a table of levels those that it names, and says whose the clause is then', async () => {
    const profile = await profileIn(
      'name = "mine"\nextends = "ncsc-nl-2025-05"\n[requirements.versions]\nlevels = { sufficient = [] }\nleast = "good"\n',
    );
    const { test, clause, severity } = requirementOf(profile, 'versions');
    assert.deepEqual(test, {
      kind: 'levels',
      facet: 'version',
      table: { good: ['TLSv1.3'], sufficient: [] },
      least: 'good',
      phaseOut: 'low',
    });
    assert.match(clause, /^mine, in place of NCSC-NL TLS 2025-05 §3\.3\.1/);
    assert.equal(severity, requirementOf(ncscNl202505, 'versions').severity);
  });

  it('gives a requirement another test', async () => {
    const profile = await profileIn(
      'name = "mine"\nextends = "mta-sts-ready"\n[requirements.record]\nfindings = ["mtasts.none"]\nsilent = "met"\nclause = "Mine 1"\n',
    );
    const { test, clause, title } = requirementOf(profile, 'record');
    assert.deepEqual(test, { kind: 'findings', ids: ['mtasts.none'], silent: 'met' });
    assert.deepEqual([clause, title], ['Mine 1', requirementOf(mtaStsReady, 'record').title]);
  });

  it('may be of JSON', async () => {
    const written = {
      $schema: 'profile.schema.json',
      name: 'mine',
      requirements: { reports: { title: 'reports', fact: 'dmarc-reports', mailbox: 'a@example.test' } },
    };
    const profile = await profileIn(JSON.stringify(written), 'own.json');
    assert.deepEqual(profile.requirements, [
      {
        id: 'reports',
        title: 'reports',
        clause: 'mine',
        severity: 'medium',
        test: { kind: 'fact', fact: 'dmarc-reports', mailbox: 'a@example.test' },
      },
    ]);
    assert.deepEqual(await errorsIn('{', 'own.json'), ['own.json: it is no JSON']);
  });

  it('tells everything that is wrong at once, each with its path and its line', async () => {
    const errors = await errorsIn(
      [
        'name = "Mine"',
        'extends = "dane"',
        'extra = 1',
        '[findings]',
        '"tls.tls99" = "high"',
        'tls = "worst"',
        '[requirements.one]',
        'title = 1',
        'findings = ["cert.expird"]',
        'facet = "cipher"',
      ].join('\n'),
    );
    assert.deepEqual(
      errors.toSorted(),
      [
        'own.toml:10: requirements.one.facet: must be "version" or "suite" or "group" or "key" or "signature"',
        'own.toml:1: name: must be of lower-case letters, digits, dots and dashes',
        'own.toml:2: extends: must be "default" or "mta-sts-ready" or "dane-ready" or "ncsc-nl-2025-05" or "bsi-tr-03108" or "bod-18-01"',
        'own.toml:3: extra: is not a key',
        'own.toml:5: findings."tls.tls99": "tls.tls99" is no check, and no beginning of one; did you mean tls.tls10?',
        'own.toml:6: findings.tls: must be "critical" or "high" or "medium" or "low" or "info"',
        'own.toml:8: requirements.one.title: must be text in quotes',
        'own.toml:9: requirements.one.findings[0]: "cert.expird" is no check, and no beginning of one; did you mean cert.expired?',
      ].toSorted(),
    );
  });

  it('tells what is wrong with the words together with what is wrong with the form', async () => {
    const errors = await errorsIn(
      [
        'name = "Mine"',
        'extends = "bod-18-01"',
        'extra = 1',
        '[requirements.dmark]',
        'severity = "low"',
        '[requirements.rc5]',
        'leave_out = true',
        '[requirements.one]',
        'title = "x"',
        'facet = "key"',
        'levels = { good = ["EC nope", "RSA>=abc", "EC P-256"] }',
        '[requirements.two]',
        'title = 1',
      ].join('\n'),
    );
    assert.deepEqual(
      errors.toSorted(),
      [
        'own.toml:1: name: must be of lower-case letters, digits, dots and dashes',
        'own.toml:3: extra: is not a key',
        'own.toml:4: requirements.dmark: bod-18-01 has no requirement of this id (did you mean dmarc?), and a new one needs a title and a test',
        'own.toml:7: requirements.rc5.leave_out: bod-18-01 has no requirement of this id (did you mean rc4?)',
        'own.toml:11: requirements.one.levels.good[0]: "EC nope" is no key that there is; such as EC sect163k1, or RSA>=3072',
        'own.toml:11: requirements.one.levels.good[1]: "RSA>=abc" is no key that there is; such as EC sect163k1, or RSA>=3072',
        'own.toml:11: requirements.one.levels.good[2]: "EC P-256" is no key that there is; did you mean EC secp256r1?',
        'own.toml:13: requirements.two.title: must be text in quotes',
      ].toSorted(),
    );
  });

  it('has a name of its own', async () => {
    const errors = await errorsIn('name = "dane-ready"\nextends = "bod-18-01"\n');
    assert.deepEqual(errors, [
      'own.toml:1: name: dane-ready is one of those that come with the program; take another',
    ]);
  });

  it('may demand what the program does not look at yet, and its own profiles name', async () => {
    const profile = await profileIn(
      'name = "mine"\n[findings]\n"tls.0rtt" = "high"\n[requirements.early]\ntitle = "x"\nfindings = ["tls.0rtt"]\n',
    );
    assert.deepEqual(requirementOf(profile, 'early').test, { kind: 'findings', ids: ['tls.0rtt'] });
  });

  const faults: readonly (readonly [what: string, text: string, error: RegExp])[] = [
    ['no name', 'title = "x"', /^own\.toml: name: is missing$/],
    ['what is no TOML', 'name = ', /^own\.toml:1: /],
    [
      'a new requirement without a test',
      '[requirements.one]\ntitle = "x"',
      /:2: requirements\.one: has no test/,
    ],
    ['one without a title', '[requirements.one]\nfact = "tlsa"', /requirements\.one\.title: is missing/],
    [
      'two tests',
      '[requirements.one]\ntitle = "x"\nfact = "tlsa"\nfindings = ["tls"]',
      /has more than one test: findings, fact/,
    ],
    [
      'two tests in a list',
      '[requirements.one]\ntitle = "x"\nany = [{ fact = "tlsa", facet = "key" }]',
      /requirements\.one\.any\[0\]: has more than one test/,
    ],
    [
      'levels without a facet',
      '[requirements.one]\ntitle = "x"\nfact = "tlsa"\nlevels = {}',
      /:5: requirements\.one\.levels: belongs to facet, which is not there/,
    ],
    [
      'a facet without levels',
      '[requirements.one]\ntitle = "x"\nfacet = "key"',
      /requirements\.one\.levels: is missing/,
    ],
    [
      'leaving out what is not there',
      '[requirements.one]\nleave_out = true',
      /requirements\.one\.leave_out: default has no requirement of this id/,
    ],
    [
      'a requirement without anything',
      'extends = "bod-18-01"\n[requirements.dmark]\nseverity = "low"',
      /:3: requirements\.dmark: bod-18-01 has no requirement of this id \(did you mean dmarc\?\), and a new one/,
    ],
    [
      'a version that is none',
      '[requirements.one]\ntitle = "x"\nfacet = "version"\nlevels = { good = ["TLS1.3"] }',
      /requirements\.one\.levels\.good\[0\]: "TLS1\.3" is no version that there is; did you mean TLSv1\.3\?/,
    ],
    [
      'a suite that is none',
      'extends = "ncsc-nl-2025-05"\n[requirements.suites]\nlevels = { good = ["TLS_ECDHE_RSA_WITH_AES_512_GCM_SHA384"] }',
      /requirements\.suites\.levels\.good\[0\]: .* did you mean TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\?/,
    ],
    [
      'exceptions that leave nothing',
      '[requirements.one]\ntitle = "x"\nfindings = ["tls", "cert"]\nexcept = ["cert"]',
      /requirements\.one\.except: leaves nothing of "cert" to look at/,
    ],
    [
      'an exception from something else',
      '[requirements.one]\ntitle = "x"\nany = [{ findings = ["tls"], except = ["cert.expired"] }]',
      /requirements\.one\.any\[0\]\.except: "cert\.expired" is none of the findings/,
    ],
    [
      'a fact that is none',
      '[requirements.one]\ntitle = "x"\nfact = "moon"',
      /requirements\.one\.fact: must be "mail-hosts" or /,
    ],
    [
      'a level that is none',
      '[requirements.one]\ntitle = "x"\nfacet = "key"\nlevels = { best = ["x"] }',
      /requirements\.one\.levels/,
    ],
    [
      'lines in a title',
      '[requirements.one]\ntitle = "x\\ny"\nfact = "tlsa"',
      /requirements\.one\.title: must be one line/,
    ],
    ['an id that is none', '[requirements."Bad Id"]\ntitle = "x"\nfact = "tlsa"', /requirements/],
  ];
  for (const [what, text, error] of faults) {
    it(`refuses ${what}`, async () => {
      const errors = await errorsIn(
        what === 'no name' || what.includes('TOML') ? text : `name = "mine"\n${text}\n`,
      );
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', error);
    });
  }

  it('never makes anything but a profile or errors out of a file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (value) => {
        const text = JSON.stringify(value);
        for (const one of [text, `{"name":"x","requirements":{"a":${text}}}`])
          assert.equal((await load(one, 'any.json')).kind, 'invalid');
      }),
      { numRuns: 60 },
    );
  });

  it('refuses what means nothing for the requirement that is changed', async () => {
    const errors = await errorsIn(
      'name = "mine"\nextends = "mta-sts-ready"\n[requirements.record]\nleast = "good"\n[requirements.starttls]\nsilent = "met"\n',
    );
    assert.deepEqual(errors, [
      'own.toml:6: requirements.starttls.silent: means nothing for this requirement',
      'own.toml:4: requirements.record.least: means nothing for this requirement',
    ]);
  });
});
