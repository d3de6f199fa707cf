/** The lab is what it says it is: unbound finds in its zones what the table says, and its servers are there. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:https';
import { describe } from 'node:test';
import { startLab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import type { Verdict } from '../lab/question.ts';
import { questions, zones } from '../lab/zones.ts';
import { rawClient } from '../support/raw-client.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });
const MOST_DIFFERENCES = 3;

describe('the lab', () => {
  labTest(`unbound finds what the table says, in ${questions.length} questions`, async (lab) => {
    const found = await lab.verdicts(questions);
    const expected = questions.map(({ verdict, unbound }) => unbound?.verdict ?? verdict);
    const told = (verdicts: readonly Verdict[]): string[] =>
      questions.map(({ name, type, shows }, index) => `${name} ${type}: ${verdicts[index]} (${shows})`);
    assert.deepEqual(told(found), told(expected));
  });

  labTest('where it is held to be wrong an RFC is named, and that is rare', async () => {
    const differences = questions.flatMap(({ unbound }) => (unbound === undefined ? [] : [unbound.against]));
    assert.ok(differences.length <= MOST_DIFFERENCES, differences.join(', '));
    for (const against of differences) assert.match(against, /^RFC \d+ §\d/);
  });

  labTest('every question is asked once, and every zone but registries is asked for', async () => {
    const asked = questions.map(({ name, type }) => `${name} ${type}`);
    assert.deepEqual(
      asked.filter((one, index) => asked.indexOf(one) !== index),
      [],
    );
    for (const { name } of zones)
      assert.ok(
        questions.some((one) => one.name === name || one.name.endsWith(`.${name}`)),
        name,
      );
  });

  labTest('one resolver hands on what it does not look at, one has none of it', async (lab) => {
    const altered = await lab.dig('altered.broken.test', 'A', { resolver: 'plain' });
    assert.deepEqual([altered.rcode, altered.ad], ['NOERROR', false]);
    assert.equal(altered.records[0]?.data, 'c0000263');
    const signatures = async (resolver: 'plain' | 'validating' | 'stripping'): Promise<boolean> => {
      const { authority } = await lab.dig('nothing.p256.test', 'A', { resolver });
      return authority.some(({ type }) => type === 'TYPE46');
    };
    assert.equal(await signatures('plain'), true);
    assert.equal(await signatures('validating'), true);
    assert.equal(await signatures('stripping'), false);
  });

  labTest('unbound gives its reasons (RFC 8914)', async (lab) => {
    const codeOf = async (name: string): Promise<number | undefined> =>
      (await lab.dig(name, 'A')).ede[0]?.code;
    assert.equal(await codeOf('www.expired.test'), 7);
    assert.equal(await codeOf('www.future.test'), 8);
    assert.equal(await codeOf('www.no-key.test'), 9);
    assert.equal(await codeOf('unsigned.broken.test'), 10);
  });

  labTest('the servers show the keys that TLSA records name', async (lab) => {
    const hosts = {
      postfix: 'mx.dane-ee.test',
      exim: 'mx2.dane-second.test',
      opensmtpd: 'mx.dane-nsec3.test',
    };
    for (const [server, host] of Object.entries(hosts)) {
      const client = await rawClient(25, await addressOf(host));
      await client.reply();
      await client.expect('EHLO client.test', '250');
      await client.expect('STARTTLS', '220');
      const socket = await client.secure({
        servername: host,
        ca: lab.authority.certPem,
        rejectUnauthorized: true,
      });
      const shown = new X509Certificate(socket.getPeerCertificate().raw);
      client.close();
      const key = shown.publicKey.export({ type: 'spki', format: 'der' });
      const { records } = await lab.dig(`_25._tcp.${host}`, 'TLSA');
      const digest = createHash('sha256').update(key).digest('hex');
      assert.ok(
        records.some(({ data }) => data === `030101${digest}`),
        server,
      );
    }
    async function addressOf(host: string): Promise<string> {
      const { records } = await lab.dig(host, 'A');
      return [...Buffer.from(records[0]?.data ?? '', 'hex')].join('.');
    }
  });

  labTest('each domain has its policy, and it can be another one at any time', async (lab) => {
    assert.match(
      await policyOf('sts.test'),
      /^200 text\/plain version: STSv1\r\nmode: enforce\r\nmx: mx\.sts\.test/,
    );
    assert.match(await policyOf('sts-missing.test'), /^404 /);
    assert.match(await policyOf('sts-moved.test'), /^301 /);
    assert.match(await policyOf('sts-expired.test'), /CERT_HAS_EXPIRED/);
    assert.match(await policyOf('sts-self-signed.test'), /DEPTH_ZERO_SELF_SIGNED_CERT/);
    assert.match(await policyOf('sts-wrong-name.test'), /ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.match(await policyOf('sts-stranger.test'), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
    lab.policyHosts.serve('sts.test', { text: 'version: STSv1\r\nmode: none\r\nmax_age: 1\r\n' });
    assert.match(await policyOf('sts.test'), /mode: none/);
    lab.policyHosts.serve('sts.test', null);
    assert.match(await policyOf('sts.test'), /ECONNRESET|EPROTO/);

    async function policyOf(domain: string): Promise<string> {
      const { address, port } = lab.policyHosts;
      const servername = `mta-sts.${domain}`;
      const request = get({
        host: address,
        port,
        servername,
        path: '/.well-known/mta-sts.txt',
        ca: lab.authority.certPem,
        agent: false,
      });
      try {
        const [response] = await once(request, 'response');
        let body = '';
        for await (const chunk of response) body += String(chunk);
        return `${response.statusCode} ${response.headers['content-type']} ${body}`;
      } catch (error) {
        return error instanceof Error && 'code' in error ? String(error.code) : String(error);
      }
    }
  });

  labTest('another lab beside it has addresses of its own', async (lab) => {
    const other = await startLab();
    try {
      assert.notEqual(other.resolver.address, lab.resolver.address);
      const { ad, records } = await other.dig('mail.p256.test', 'A');
      assert.equal(ad, true);
      assert.equal(records[0]?.data, Buffer.from(other.address(25).split('.').map(Number)).toString('hex'));
      assert.equal((await lab.dig('mail.p256.test', 'A')).ad, true);
    } finally {
      await other.close();
    }
  });
});
