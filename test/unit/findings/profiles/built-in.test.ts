import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { checkIds } from '../../../../src/findings/catalogue.ts';
import { bod1801 } from '../../../../src/findings/profiles/bod-18-01.ts';
import { bsiTr03108 } from '../../../../src/findings/profiles/bsi-tr-03108.ts';
import { builtIn, builtInNamed, builtInNames } from '../../../../src/findings/profiles/built-in.ts';
import { daneReady } from '../../../../src/findings/profiles/dane-ready.ts';
import { defaultProfile } from '../../../../src/findings/profiles/default.ts';
import { levelOf } from '../../../../src/findings/profiles/levels.ts';
import { mtaStsReady } from '../../../../src/findings/profiles/mta-sts-ready.ts';
import { ncscNl202505 } from '../../../../src/findings/profiles/ncsc-nl-2025-05.ts';
import {
  isMeant,
  type Level,
  type LevelTable,
  type Profile,
  type SimpleTest,
} from '../../../../src/findings/profiles/profile.ts';
import { withProfiles } from '../../../findings/profiles-part.ts';

/** Checks of handshakes that other hellos than those of a TLS library are needed for. */
const RAW = [
  'tls.ssl2',
  'tls.ssl3',
  'tls.suite.rc4',
  'tls.suite.3des',
  'tls.suite.order',
  'tls.sigalg.sha1',
  'tls.compression',
  'tls.reneg.insecure',
  'tls.reneg.client',
  'tls.0rtt',
  'tls.ems-missing',
];

const isKnown = (part: string): boolean => [...checkIds, ...RAW].some((id) => isMeant(id, part));
const testsOf = ({ requirements }: Profile): readonly SimpleTest[] =>
  requirements.flatMap(({ test }) => ('of' in test ? test.of : [test]));

function tableOf({ requirements }: Profile, id: string): LevelTable {
  const test = requirements.find((one) => one.id === id)?.test;
  return test?.kind === 'levels' ? test.table : assert.fail(`${id} has no levels`);
}

describe('docs/check.md', () => {
  it('has what the profiles say: node_modules/.bin/node test/findings/run.ts --write', () => {
    const page = readFileSync('docs/check.md', 'utf8');
    assert.equal(page, withProfiles(page, builtIn));
  });

  it('names every profile, and every fact', () => {
    const page = readFileSync('docs/check.md', 'utf8');
    for (const name of builtInNames) assert.ok(page.includes(`| \`${name}\` |`), name);
  });
});

describe('profiles that come with the program', () => {
  it('are found by their names, of which each is there once', () => {
    assert.deepEqual(builtIn, [defaultProfile, mtaStsReady, daneReady, ncscNl202505, bsiTr03108, bod1801]);
    assert.equal(new Set(builtInNames).size, builtIn.length);
    for (const one of builtIn) assert.equal(builtInNamed(one.name), one);
    assert.equal(builtInNamed('none'), undefined);
  });

  for (const profile of builtIn) {
    const { name, requirements, sources, severities } = profile;
    it(`${name} has requirements with words, a clause and ids of their own`, () => {
      assert.equal(new Set(requirements.map(({ id }) => id)).size, requirements.length);
      for (const { id, title, clause } of requirements) {
        assert.match(id, /^[a-z0-9][a-z0-9.-]*$/);
        assert.ok(title !== '' && !title.endsWith('.'), id);
        assert.ok(clause !== '', id);
      }
      assert.equal(requirements.length > 0, sources.length > 0);
      for (const { read } of sources) assert.match(read, /\.$/);
    });

    it(`${name} names checks that there are, or that are still to come`, () => {
      const named = testsOf(profile).flatMap((test) =>
        test.kind === 'findings' ? [...test.ids, ...(test.except ?? [])] : [],
      );
      for (const part of [...named, ...Object.keys(severities)]) assert.ok(isKnown(part), part);
    });

    it(`${name} has each choice at one level`, () => {
      for (const test of testsOf(profile)) {
        if (test.kind !== 'levels') continue;
        const all = Object.values(test.table).flat();
        assert.equal(new Set(all).size, all.length);
      }
    });
  }
});

describe('NCSC-NL 2025-05', () => {
  /** Each suite of the list by itself, as others have it. */
  const suites: Readonly<Record<Exclude<Level, 'good'>, string>> = {
    sufficient: `AES_128_CCM_SHA256 AES_128_GCM_SHA256 ECDHE_ECDSA_WITH_AES_128_CCM ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
      ECDHE_ECDSA_WITH_AES_256_CCM ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
      ECDHE_RSA_WITH_AES_128_GCM_SHA256 ECDHE_RSA_WITH_AES_256_GCM_SHA384 ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256`,
    'phase-out': `DHE_RSA_WITH_AES_128_CBC_SHA256 DHE_RSA_WITH_AES_128_CCM DHE_RSA_WITH_AES_128_GCM_SHA256
      DHE_RSA_WITH_AES_256_CBC_SHA256 DHE_RSA_WITH_AES_256_CCM DHE_RSA_WITH_AES_256_GCM_SHA384
      DHE_RSA_WITH_ARIA_128_CBC_SHA256 DHE_RSA_WITH_ARIA_128_GCM_SHA256 DHE_RSA_WITH_ARIA_256_CBC_SHA384
      DHE_RSA_WITH_ARIA_256_GCM_SHA384 DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256
      DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256 DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384 DHE_RSA_WITH_CHACHA20_POLY1305_SHA256
      ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256
      ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256 ECDHE_ECDSA_WITH_ARIA_256_CBC_SHA384 ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384
      ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256 ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256
      ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384 ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384
      ECDHE_RSA_WITH_AES_128_CBC_SHA256 ECDHE_RSA_WITH_AES_256_CBC_SHA384 ECDHE_RSA_WITH_ARIA_128_CBC_SHA256
      ECDHE_RSA_WITH_ARIA_128_GCM_SHA256 ECDHE_RSA_WITH_ARIA_256_CBC_SHA384 ECDHE_RSA_WITH_ARIA_256_GCM_SHA384
      ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256
      ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384 ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384`,
    insufficient: `AES_128_CCM_8_SHA256 ECDHE_ECDSA_WITH_AES_128_CCM_8 DHE_RSA_WITH_AES_256_CCM_8 ECDHE_RSA_WITH_AES_128_CBC_SHA
      DHE_RSA_WITH_AES_256_CBC_SHA DHE_RSA_WITH_CAMELLIA_128_CBC_SHA DHE_DSS_WITH_AES_128_GCM_SHA256
      RSA_WITH_AES_128_GCM_SHA256 RSA_WITH_AES_256_CBC_SHA256 RSA_WITH_3DES_EDE_CBC_SHA RSA_WITH_RC4_128_SHA
      ECDHE_RSA_WITH_RC4_128_SHA ECDHE_PSK_WITH_AES_128_GCM_SHA256 ECDH_RSA_WITH_AES_128_GCM_SHA256
      DH_anon_WITH_AES_128_GCM_SHA256 ECDHE_PSK_WITH_CAMELLIA_128_CBC_SHA256 RSA_EXPORT_WITH_RC4_40_MD5
      ECDHE_RSA_WITH_NULL_SHA SM4_GCM_SM3`,
  };
  for (const level of ['sufficient', 'phase-out', 'insufficient'] as const) {
    it(`appendix B: of suites these are ${level}`, () => {
      const table = tableOf(ncscNl202505, 'suites');
      for (const name of suites[level].split(/\s+/)) assert.equal(levelOf(`TLS_${name}`, table), level, name);
    });
  }

  it('appendix B: AES-256 with GCM, and ChaCha20, of TLS 1.3 are good', () => {
    for (const name of ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])
      assert.equal(levelOf(name, tableOf(ncscNl202505, 'suites')), 'good');
  });

  const others: readonly (readonly [id: string, choice: string, level: Level])[] = [
    ['versions', 'TLSv1.3', 'good'],
    ['versions', 'TLSv1.2', 'sufficient'],
    ['versions', 'TLSv1.1', 'insufficient'],
    ['versions', 'SSLv3', 'insufficient'],
    ['keys', 'RSA 3072', 'good'],
    ['keys', 'RSA 3071', 'phase-out'],
    ['keys', 'RSA 2048', 'phase-out'],
    ['keys', 'RSA 2047', 'insufficient'],
    ['keys', 'EC secp224r1', 'phase-out'],
    ['keys', 'EC secp256k1', 'insufficient'],
    ['groups', 'X25519MLKEM768', 'good'],
    ['groups', 'secp224r1', 'phase-out'],
    ['groups', 'ffdhe3072', 'phase-out'],
    ['groups', 'ffdhe2048', 'insufficient'],
    ['groups', 'sect283r1', 'insufficient'],
    ['signatures', 'sha256', 'good'],
    ['signatures', 'sha224', 'phase-out'],
    ['signatures', 'sha1', 'insufficient'],
  ];
  for (const [id, choice, level] of others)
    it(`${choice} of ${id} is ${level}`, () =>
      assert.equal(levelOf(choice, tableOf(ncscNl202505, id)), level));
});

describe('BSI TR-02102-2', () => {
  const others: readonly (readonly [id: string, choice: string, level: Level])[] = [
    ['versions', 'TLSv1.2', 'good'],
    ['versions', 'TLSv1.1', 'insufficient'],
    ['suites', 'TLS_AES_128_CCM_SHA256', 'good'],
    ['suites', 'TLS_DHE_RSA_WITH_AES_256_CCM', 'good'],
    ['suites', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'sufficient'],
    ['suites', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'insufficient'],
    ['suites', 'TLS_RSA_WITH_AES_128_GCM_SHA256', 'insufficient'],
    ['suites', 'TLS_DHE_DSS_WITH_AES_128_GCM_SHA256', 'sufficient'],
    ['suites', 'TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384', 'phase-out'],
    ['suites', 'TLS_ECDH_RSA_WITH_AES_256_CBC_SHA', 'insufficient'],
    ['suites', 'TLS_DH_RSA_WITH_AES_128_GCM_SHA256', 'phase-out'],
    ['suites', 'TLS_DH_anon_WITH_AES_128_GCM_SHA256', 'insufficient'],
    ['keys', 'RSA 3000', 'good'],
    ['keys', 'RSA 2048', 'phase-out'],
    ['keys', 'RSA 1999', 'insufficient'],
    ['groups', 'secp256r1', 'good'],
    ['groups', 'brainpoolP384r1tls13', 'good'],
    ['groups', 'x25519', 'sufficient'],
    ['groups', 'secp224r1', 'insufficient'],
    ['groups', 'ffdhe3072', 'good'],
    ['groups', 'ffdhe2048', 'insufficient'],
    ['groups', 'DH 3000', 'sufficient'],
    ['groups', 'DH 2999', 'insufficient'],
    ['signatures', 'sha1', 'insufficient'],
  ];
  for (const [id, choice, level] of others)
    it(`${choice} of ${id} is ${level}`, () => assert.equal(levelOf(choice, tableOf(bsiTr03108, id)), level));
});
